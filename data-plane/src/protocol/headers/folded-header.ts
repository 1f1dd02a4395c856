const otherChars = /[^a-z\d-]/g

/**
 * The name of a header, in lower case, as CGI and WSGI see it: they write every header as a variable, in which a hyphen
 * and an underscore are the same (RFC 3875, section 4.1.18); some write other marks so too. Two headers with one folded
 * name are one header for such a server, or for a proxy in front of it.
 */
export const foldedHeader = (name: string): string => name.replaceAll(otherChars, '-')
