import { z } from 'zod'
import { Handle } from './names.ts'
import { SecretRef } from './secret-ref.ts'

/** The name of an identity provider. People are stored under it, and it is part of its redirect URI. */
export const ProviderHandle = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'the handle of a provider is 1-64 of a-z 0-9 . _ - and starts with a letter or digit')

/**
 * The name of a claim. When no claim has the whole name, a dot goes into an object: `realm_access.roles` is the member
 * `roles` of the claim `realm_access`.
 */
export const ClaimName = z.string().regex(/^[^\s{}|]{1,200}$/, 'the name of a claim is 1-200 characters without blanks and { } |')

const placeholder = String.raw`\{[^\s{}|]{1,200}(?:\|local)?\}`
const isTemplate = new RegExp(`^(?:[^{}]|${placeholder})*${placeholder}(?:[^{}]|${placeholder})*$`)

/**
 * A claim by its name, or a text with claims in it: `{given_name} {family_name}`. `{email|local}` is what stands before
 * the last @ of the claim.
 */
export const ClaimText = z.union(
  [ClaimName, z.string().max(500).regex(isTemplate)],
  'must be the name of a claim, or a text with claims in it, such as "{email|local}"',
)

const given = (value: unknown) => value !== undefined

/** When a rule matches. Exactly one of the comparisons is present. */
export const ClaimCondition = z
  .strictObject({
    claim: ClaimName,
    /** The claim is this value. Letter case counts. */
    equals: z.union([z.string().max(500), z.number(), z.boolean()]).optional(),
    /** The claim is a list with this value in it. Letter case counts. */
    contains: z.string().max(500).optional(),
    /** The claim is such a text; `*` stands for any characters. Letter case does not count. */
    matches: z.string().min(1).max(500).optional(),
  })
  .refine(
    ({ equals, contains, matches }) => [equals, contains, matches].filter(given).length === 1,
    'name exactly one comparison: equals, contains or matches',
  )
export type ClaimCondition = z.infer<typeof ClaimCondition>

/**
 * How the claims of a provider become a person. The first rule whose conditions all hold decides; a person whom no rule
 * matches is refused. What a rule leaves out is taken from the usual claim.
 */
export const ClaimRule = z
  .strictObject({
    /** Absent: the rule matches everybody. */
    when: z.union([ClaimCondition, z.array(ClaimCondition).min(1).max(20)]).optional(),
    /** The sign-in is refused, and the person reads this sentence. */
    refuse: z.string().min(1).max(300).optional(),
    /** Becomes lower case. Only the first sign-in needs it: handles never change hands. Default: preferred_username. */
    handle: ClaimText.optional(),
    /** Default: name. */
    name: ClaimText.optional(),
    /** `verified: true`: this provider gives nobody the address of another. Default: email, with email_verified. */
    email: z.union([ClaimName, z.strictObject({ from: ClaimName, verified: z.boolean().optional() })]).optional(),
    /**
     * Which claim names the groups. `prefix`: only names that begin with it count, without it. `map`: the handle here
     * of each name there; then no other name counts. `false`: memberships stay as they are. Default: groups.
     */
    groups: z
      .union([
        z.literal(false),
        z.strictObject({
          from: ClaimName,
          prefix: z.string().min(1).max(100).optional(),
          map: z.record(z.string().min(1).max(300), Handle).optional(),
        }),
      ])
      .optional(),
    /**
     * Which claim names the roles, and which of its values make an administrator. `false`: the role stays as it is.
     * Default: roles, of which `administrator` makes one.
     */
    roles: z
      .union([z.literal(false), z.strictObject({ from: ClaimName, administrator: z.array(z.string().min(1).max(300)).min(1).max(100) })])
      .optional(),
  })
  .refine(
    ({ refuse, handle, name, email, groups, roles }) => refuse === undefined || ![handle, name, email, groups, roles].some(given),
    'a rule with refuse has no other field but when',
  )
export type ClaimRule = z.infer<typeof ClaimRule>

const Domain = z
  .string()
  .toLowerCase()
  .regex(/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be the part of addresses after the @, such as bank.example')

const Issuer = z
  .url({ protocol: /^https?$/, error: 'must be the https:// address of the issuer' })
  .max(500)
  .refine((text) => !/[?#]|^[a-z]+:\/\/[^/]*@/i.test(text), 'an issuer has no query, fragment or credential')

/** An OpenID provider through which people sign in. */
export const FileProvider = z.strictObject({
  /** What people read on the page that lets them choose. Default: the handle. */
  title: z.string().min(1).max(100).optional(),
  /** Exactly as the provider's own documents name it, with its final slash where they have one. */
  issuer: Issuer,
  /** The gateway's client at the provider. Its redirect URI is `<PUBLIC_URL>/oauth/callback/<handle>`. */
  clientId: z.string().min(1).max(300),
  /** The control plane reads it from its SECRETS_DIR. Absent: a public client, which PKCE alone protects. */
  clientSecret: SecretRef.optional(),
  /** How the secret is sent, where the provider takes only one way from this client. Default: as its metadata says. */
  clientAuth: z.enum(['basic', 'post']).optional(),
  /** `openid` is always asked for. Default: openid, profile, email. */
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'must be a scope'))
    .max(50)
    .optional(),
  /** The addresses of its people: chooses the provider by address, and refuses people with none of these, verified. */
  domains: z.array(Domain).min(1).max(200).optional(),
  /** The audience of its tokens that are taken in exchange. Default: clientId. */
  audience: z.string().min(1).max(300).optional(),
  /** Whether UserInfo is asked at a sign-in, where the provider has it. Default: true. */
  userinfo: z.boolean().optional(),
  /**
   * Whether it may assert, for a client that it knows, that a person uses this client here (ID-JAG, enterprise-managed
   * authorization). Default: false.
   */
  idJag: z.boolean().optional(),
  claims: z.array(ClaimRule).min(1).max(100).optional(),
})
export type FileProvider = z.infer<typeof FileProvider>

/** The section `providers` of a policy file. */
export const FileProviders = z.record(ProviderHandle, FileProvider)
export type FileProviders = z.infer<typeof FileProviders>
