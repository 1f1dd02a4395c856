/** What is said to a person whom something went wrong for: what happened, and what to do next. */
interface SituationText {
  title: string
  what: string
  next: string
}

/* Aliases, not interfaces: the type of the texts is public, and names what these stand for. */
type Client = { client: string }
type Provider = { provider: string }
type Host = { host: string }
type Handle = { handle: string }
type Wait = { minutes: number }
type Clock = Provider & { minutes?: number | undefined }

const goBack = 'Go back to the program and start again there.'
const askAdministrator = 'Give the reference below to your administrator.'

/* A provider whose name is not known is not left out of its sentence. */
const signIn = 'Your company’s sign-in'
const signInThere = 'your company’s sign-in'

/** A text for each situation. Its parameters are the facts of the situation: names and numbers, and never a secret. */
export const situations = {
  'unknown-client': () => ({
    title: 'This program is not known here',
    what: 'The program that sent you here is not registered at this gateway, or its registration was taken away.',
    next: 'Remove the connection in the program and add it again. If that does not help, ask your administrator.',
  }),
  'client-not-allowed': ({ client }: Client) => ({
    title: 'This program may not be used here',
    what: `Your administrators have not allowed “${client}” at this gateway.`,
    next: 'Use a program that they have allowed, or ask them for this one.',
  }),
  'wrong-redirect': ({ client }: Client) => ({
    title: 'This link cannot be trusted',
    what: `“${client}” asked for the answer at an address that it has not registered. The answer could have gone to somebody else, so it was not sent.`,
    next: 'Start again in the program itself. If a link brought you here, do not use that link again.',
  }),
  'faulty-request': () => ({
    title: 'The program asked in a wrong way',
    what: 'The request that brought you here is incomplete or wrong, so nothing was allowed.',
    next: `${goBack} If it happens again, the makers of the program can mend it with the details below.`,
  }),
  'unreachable-client-document': ({ host }: Host) => ({
    title: 'The program could not be checked',
    what: `The program says that ${host} describes it, and this gateway cannot reach that site, or may not.`,
    next: `Only an administrator can help. If ${host} is inside your company, they name it in the policy, under “clients: metadataHosts”. If it is on the internet, they open a way there for the gateway, such as HTTPS_PROXY, or set “clients: { metadataDocuments: off }”, so that programs register instead.`,
  }),
  'untrusted-client-document': ({ host }: Host) => ({
    title: 'The program could not be checked',
    what: `The program says that ${host} describes it, and the certificate of that site is not trusted here.`,
    next: 'The makers of that site can mend its certificate. If a proxy of your company replaces certificates, an administrator adds its authority with NODE_EXTRA_CA_CERTS.',
  }),
  'failing-client-document': ({ host }: Host) => ({
    title: 'The program could not be checked',
    what: `The program says that ${host} describes it, and that site answers with an error, or too late.`,
    next: 'Try again in a few minutes. If it stays so, the makers of that site must mend it.',
  }),
  'faulty-client-document': ({ host }: Host) => ({
    title: 'The program could not be checked',
    what: `The description of the program at ${host} is wrong, so the program was not trusted.`,
    next: 'Its makers can mend it with the details below.',
  }),
  'client-documents-off': ({ host }: Host) => ({
    title: 'The program has to register here',
    what: `The program says that ${host} describes it. Your administrators decided that this gateway fetches no such descriptions.`,
    next: 'Remove the connection in the program and add it again: it can register itself here. If you come back to this page, ask your administrator.',
  }),
  'unknown-resource': () => ({
    title: 'There is no such service here',
    what: 'The program asked for access to an address that this gateway does not serve.',
    next: 'Check the address that you gave to the program. It ends in /mcp.',
  }),
  'sign-in-expired': () => ({
    title: 'This page has expired',
    what: 'The sign-in took too long, or it was finished in another tab.',
    next: goBack,
  }),
  'other-browser': () => ({
    title: 'This sign-in began elsewhere',
    what: 'It was begun in another browser, or this browser no longer has its cookie. To protect you, it goes on only where it began.',
    next: 'Go on in the browser where you began, or start again in the program.',
  }),
  'cookies-blocked': () => ({
    title: 'This browser blocks cookies',
    what: 'Signing in needs a cookie of this site, and the browser did not send it back.',
    next: 'Allow cookies for this site, then try again. A private window may block them too.',
  }),
  'network-changes': () => ({
    title: 'Your network changes while you sign in',
    what: 'This gateway holds a sign-in to one network, and your browser came from another one at each step. So the sign-in cannot end.',
    next: 'Try again over one network, such as without a VPN. If that does not help, ask an administrator about the policy’s settings.binding.',
  }),
  'code-used': () => ({
    title: 'This step is done already',
    what: 'The page was loaded twice, and each sign-in counts once.',
    next: 'If the program is connected, you may close this window. Otherwise start again in the program.',
  }),
  'stale-form': () => ({
    title: 'This page is out of date',
    what: 'The form was sent twice, or from an old tab. Nothing was changed.',
    next: goBack,
  }),
  'too-many-attempts': ({ minutes }: Wait) => ({
    title: 'Too many attempts',
    what: 'There were too many attempts in a short time.',
    next: `Wait ${minutes} min, then try again.`,
  }),
  'sign-in-cancelled': ({ provider }: Provider) => ({
    title: 'You are not signed in',
    what: `The sign-in at ${provider || signInThere} was cancelled or refused there.`,
    next: 'Try again. If your company’s provider refuses you, ask your administrator.',
  }),
  'provider-down': ({ provider }: Provider) => ({
    title: 'The sign-in does not answer',
    what: `${provider ? `${provider}, where your company signs in,` : signIn} cannot be reached.`,
    next: 'Try again in a few minutes. If it stays so, tell your administrator.',
  }),
  'provider-slow': ({ provider }: Provider) => ({
    title: 'The sign-in takes too long',
    what: `${provider ? `${provider}, where your company signs in,` : signIn} did not answer in time.`,
    next: 'Try again. If it stays so, tell your administrator.',
  }),
  'faulty-provider': ({ provider }: Provider) => ({
    title: 'The sign-in could not be verified',
    what: `The answer of ${provider || signInThere} did not pass the checks, so it was not trusted.`,
    next: `Try again. If it happens again: ${askAdministrator}`,
  }),
  'unknown-provider-key': ({ provider }: Provider) => ({
    title: 'The sign-in could not be verified',
    what: `${provider || signIn} signed its answer with a key that it does not publish. It may be changing its keys.`,
    next: `Try again in a minute. If it stays so: ${askAdministrator}`,
  }),
  'clock-off': ({ provider, minutes }: Clock) => ({
    title: 'Two clocks differ',
    what: `The clocks of ${provider || signInThere} and of this gateway differ${minutes === undefined ? '' : ` by about ${minutes} min`}, so the sign-in looks too old or too new.`,
    next: 'Only an administrator can set the clocks. Give them the reference below.',
  }),
  'provider-refused': ({ provider }: Provider) => ({
    title: 'The sign-in is not set up correctly',
    what: `${provider || signIn} refused this gateway. Its registration there is wrong or has expired.`,
    next: askAdministrator,
  }),
  'unknown-provider': () => ({
    title: 'There is no such sign-in here',
    what: 'The sign-in that was chosen is not set up at this gateway, or no longer.',
    next: goBack,
  }),
  'no-provider': () => ({
    title: 'Nobody can sign in yet',
    what: 'No sign-in provider is set up at this gateway.',
    next: 'An administrator names one in the policy file, under “providers”.',
  }),
  'missing-claims': ({ provider }: Provider) => ({
    title: 'The sign-in does not say who you are',
    what: `The answer of ${provider || signInThere} lacks what your name here is made from.`,
    next: `${askAdministrator} They can change what the provider sends, or how it is read.`,
  }),
  'handle-taken': ({ handle }: Handle) => ({
    title: 'Your name here belongs to somebody else',
    what: `You would be “${handle}” here, and another person has that name already. A name never changes hands, so you were not signed in.`,
    next: `${askAdministrator} They can give you another name.`,
  }),
  'account-disabled': () => ({
    title: 'Your access has been taken away',
    what: 'Your account at this gateway is disabled.',
    next: 'If you think that this is a mistake, ask your administrator.',
  }),
  'access-refused': () => ({
    title: 'You may not do this',
    what: 'You are signed in, but your administrators have not allowed you this.',
    next: 'Ask your administrator for access, or sign in as another person.',
  }),
  'foreign-form': () => ({
    title: 'This form did not come from here',
    what: 'The browser says that another site sent this form, so it was refused. Nothing was changed.',
    next: 'Open the page here again. If you did that, an extension of the browser may hide where its forms come from.',
  }),
  'page-not-found': () => ({
    title: 'There is nothing here',
    what: 'This address belongs to no page.',
    next: 'Check the address, or start again in your program.',
  }),
  'try-later': () => ({
    title: 'Please try again shortly',
    what: 'The gateway cannot answer at this moment. Nothing was changed.',
    next: 'Try again in a few seconds.',
  }),
  'server-error': () => ({
    title: 'Something went wrong here',
    what: 'The gateway made a mistake. It has been recorded.',
    next: 'Try again. If it happens again, tell your administrator what you did and when.',
  }),
} satisfies Record<string, (facts: never) => SituationText>

export type SituationTexts = typeof situations
