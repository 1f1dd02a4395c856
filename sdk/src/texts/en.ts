import { situations } from './situations/en.ts'

interface Named {
  client: string
}

/** The texts of pages for people. Another language has the same texts with the same parameters: English is the type. */
export const en = {
  common: {
    language: 'Language',
    person: 'Signed in as',
    notYou: 'Not you?',
    otherPerson: 'Not you? Sign in as another person',
    allow: 'Allow',
    deny: 'Deny',
    continue: 'Continue',
    mayClose: 'You may close this window.',
    cautions: 'Before you allow this',
  },
  signIn: {
    title: 'Sign in',
    forClient: ({ client }: Named) => `“${client}” sent you here. Sign in with your company’s account to continue.`,
    forGateway: 'Continue with your company’s account.',
    with: ({ provider }: { provider: string }) => `Continue with ${provider}`,
    or: 'or',
    email: 'Work e-mail',
    noAddress: 'This is no e-mail address. Write it as name@company.com.',
    unknownDomain: ({ domain }: { domain: string }) =>
      `Nobody signs in with addresses at ${domain} here. Check the address, or ask your administrator.`,
  },
  consent: {
    title: ({ client }: Named) => `Allow “${client}” to act for you?`,
    may: 'What it may do',
    callTools: 'Call the tools that your administrators gave you, and no others',
    useApi: 'See and change at Bir MCP whatever you may yourself; if you are an administrator, its settings too',
    recorded: 'Each call is recorded under your name',
    resource: 'Access to',
    returnsTo: 'You return to',
    thisComputer: ({ host }: { host: string }) => `a program on this computer (${host})`,
    app: ({ scheme }: { scheme: string }) => `the app for ${scheme} addresses`,
    verified: ({ host }: { host: string }) => `Published by ${host}`,
    verifiedHow: 'Bir MCP has checked this address.',
    byAdministrators: 'Registered by your administrators',
    builtIn: 'Part of Bir MCP',
    unverified: ({ client }: Named) => `Nobody has checked this program. It registered itself and chose the name “${client}”.`,
    toThisComputer: 'The answer goes to a program on this computer, and any program here can wait for it.',
    toApp: ({ scheme }: { scheme: string }) => `The answer goes to whichever app opens ${scheme} addresses on this device.`,
    onlyIfStarted: 'Allow only if you have just started this program yourself.',
    remember: 'Do not ask again for this program',
    stay: 'Stay signed in on this browser',
  },
  device: {
    title: 'Connect a device',
    enter: 'Enter the code that your terminal or device shows.',
    code: 'Code',
    unknownCode: 'This code is unknown or has expired. Check it, or start again on the device.',
    tooMany: ({ minutes }: { minutes: number }) => `Too many wrong codes. Wait ${minutes} min, then try again.`,
    confirmTitle: ({ client }: Named) => `Connect “${client}”?`,
    sameCode: 'Is this the code on your device?',
    address: 'Asked from',
    product: 'Program',
    startedYourself: 'Go on only if you started this yourself, a moment ago.',
    sentByOthers: 'If somebody sent you this code or this link, deny it: they would act under your name.',
    connected: 'Connected',
    connectedAs: ({ client }: Named) => `“${client}” now acts for you. Go back to it.`,
    denied: 'Denied',
    nothingConnected: ({ client }: Named) => `“${client}” was not connected.`,
  },
  signOut: {
    title: 'Sign out?',
    ends: 'Your session in this browser ends. Programs that you allowed to act for you stay connected.',
    button: 'Sign out',
    doneTitle: 'You are signed out',
    done: 'Your session in this browser has ended.',
    stillAt: ({ provider }: { provider: string }) => `You may still be signed in at ${provider}. On a shared computer, sign out there too.`,
    onward: ({ host }: { host: string }) =>
      `A program wants you to go on to ${host}. Nobody has checked that site. Go there only if you expect it.`,
    goOn: ({ host }: { host: string }) => `Go on to ${host}`,
  },
  done: { title: 'Done', finished: 'This is finished' },
  error: {
    whose: 'Where the problem lies',
    you: 'In this browser, or in what was entered here',
    client: 'In the program that sent you here',
    provider: 'At your company’s sign-in provider',
    gateway: 'In Bir MCP itself',
    administrator: 'In the settings, which your administrators can change',
    next: 'What you can do',
    id: 'Reference',
    idUse: 'Give it to your administrator: the audit record has the same.',
    detail: 'Details for administrators',
    retry: 'Try again',
    otherWay: 'Choose another way to sign in',
    cancel: 'Cancel',
  },
  situations,
}

export type Texts = typeof en
