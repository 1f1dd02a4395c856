import { configDefaults, defineConfig } from 'vitest/config'

/** The whole product, or its conformance, in processes of their own. */
const e2e = ['deploy/e2e/**/*.test.ts', 'deploy/conformance/**/*.test.ts']

/** Folders whose tests need Postgres, start child processes, start a whole data plane, or try very many cases. */
const integration = [
  '{db,control-plane}/src/**/*.test.ts',
  'data-plane/src/features/**/*.test.ts',
  'data-plane/src/servers/{sql,standalone,charts/drawing}/**/*.test.ts',
  'deploy/{local,compat}/**/*.test.ts',
]

/** Pages in a real Chromium. Skipped where the machine has none. */
const browser = ['deploy/browser/**/*.test.ts']
/** With products of others, which lie outside of the project. They run only where this project is asked for by name. */
const foreign = ['deploy/foreign/**/*.test.ts']
const isForeignAsked = /--project[= ]foreign\b/.test(process.argv.join(' '))

/** Everything else. A new test is a unit test unless its folder is named above. */
const unit = ['{sdk,data-plane,portal}/src/**/*.test.ts', 'deploy/**/*.test.ts']

/** How many statements the differential test of the SQL guard compares, and the seed that repeats a run. */
const fuzz = {
  runs: Number(process.env['FUZZ_RUNS'] ?? 1_000),
  seed: Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31)),
}

export default defineConfig({
  // As Node resolves, so that tests run the files that production runs (graphql has others for development).
  ssr: { resolve: { conditions: ['node', 'module-sync'] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: unit,
          exclude: [...configDefaults.exclude, ...integration, ...e2e, ...browser, ...foreign],
          // A unit test that asks for a database fails, also where another project has started one.
          env: { BIR_TEST_POSTGRES: '', TEST_DATABASE_URL: '' },
        },
      },
      { extends: true, test: { name: 'integration', include: integration, globalSetup: ['db/src/testing-setup.ts'], provide: { fuzz } } },
      { extends: true, test: { name: 'e2e', include: e2e } },
      { extends: true, test: { name: 'browser', include: browser } },
      ...(isForeignAsked ? [{ extends: true as const, test: { name: 'foreign', include: foreign } }] : []),
    ],
    // A machine with other work is many times slower. So the runner limits a test, and `expect.poll` within it, by the
    // time that the test would have taken on a machine of its own; the limits here count the clock and only end what
    // hangs so that the runner cannot.
    runner: 'data-plane/src/testing/time/fair-runner.ts',
    testTimeout: 14_400_000,
    hookTimeout: 3_600_000,
    teardownTimeout: 600_000,
    // `expect.poll` gives up before its test does, so that the failure names the condition. It also gives up before
    // the minute after which the product looks at many things again by itself: a notification that never came must not
    // be hidden by such a second look.
    expect: { poll: { timeout: 45_000 } },
    maxWorkers: 2,
  },
})
