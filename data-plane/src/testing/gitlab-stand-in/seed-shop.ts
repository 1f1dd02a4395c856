import type { World } from './world/world.ts'

/** The values of the tokens, by what is special of each. */
export type SeedTokens = Readonly<Record<'bob' | 'bobReads' | 'alice' | 'expired' | 'revoked' | 'blocked' | 'project' | 'oauth', string>>

/** A small shop: bob and alice, the project `shop/web` with a merge request, and a token of every kind. */
export function seedShop(world: World): SeedTokens {
  const bob = world.addUser('bob')
  const alice = world.addUser('alice')
  const mallory = world.addUser('mallory', { state: 'blocked' })
  world.addGroup('shop', { bob: 'developer', alice: 'maintainer' })
  const web = world.addProject('shop/web', {}, { description: 'The web shop', topics: ['web'] })
  const firstFiles = { 'README.md': '# Shop\n', 'src/cart.ts': 'export const cart = []\n' }
  world.commit(web, alice, 'main', firstFiles, 'Begin the shop')
  const main = web.repository.branches.get('main')
  if (main) {
    main.protected = true
    web.repository.branches.set('feature', { ...main, name: 'feature', protected: false })
  }
  world.commit(web, bob, 'feature', { 'src/cart.ts': 'export const cart: Item[] = []\n' }, 'Type the cart')
  world.addMergeRequest(web, bob, { title: 'Type the cart', description: 'Closes #1', reviewers: [alice] })
  world.addIssue(web, alice, { title: 'The cart has no type', labels: ['bug'] })
  return {
    bob: world.addToken(bob).value,
    bobReads: world.addToken(bob, { scopes: ['read_api'] }).value,
    alice: world.addToken(alice).value,
    expired: world.addToken(bob, { expiresAt: new Date(0) }).value,
    revoked: world.addToken(bob, { revoked: true }).value,
    blocked: world.addToken(mallory).value,
    project: world.addProjectToken(web, 'developer').value,
    oauth: world.addToken(bob, { kind: 'oauth' }).value,
  }
}
