import { defineConfig } from 'vitest/config'

export default defineConfig({
  // As Node resolves, so that tests run the files that production runs (graphql has others for development).
  ssr: { resolve: { conditions: ['node', 'module-sync'] } },
  test: {
    include: ['{sdk,db,control-plane,data-plane,portal}/src/**/*.test.ts', 'deploy/**/*.test.ts'],
    globalSetup: ['db/src/testing-setup.ts'],
    // A machine with other work is many times slower: no limit here is one that a test comes near on a machine of its own.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    // What is awaited comes about, however late. It is given up before its test is, so that it says what did not come about, and before
    // the minute after which much is looked at again by itself: what was to be told at once must not be found so.
    expect: { poll: { timeout: 45_000 } },
    maxWorkers: 2,
  },
})
