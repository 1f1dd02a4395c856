import { defineConfig } from 'vitest/config'

export default defineConfig({
  // As Node resolves, so that tests run the files that production runs (graphql has others for development).
  ssr: { resolve: { conditions: ['node', 'module-sync'] } },
  test: {
    include: ['{sdk,db,control-plane,data-plane,portal}/src/**/*.test.ts', 'deploy/**/*.test.ts'],
    globalSetup: ['db/src/testing-setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A condition is awaited as long as a test may last on a machine with other work.
    expect: { poll: { timeout: 15_000 } },
    maxWorkers: 2,
  },
})
