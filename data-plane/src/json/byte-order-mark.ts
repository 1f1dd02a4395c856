/**
 * The bytes without a byte order mark at their beginning. A sender of JSON must not add one, and a reader may ignore it
 * (RFC 8259, section 8.1).
 */
export const withoutBom = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
