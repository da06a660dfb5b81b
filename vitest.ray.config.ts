import { defineConfig } from 'vitest/config'

/** The suites that need a real Ray, which wants the machine for itself: one file at a time. `npm test` names the files. */
export default defineConfig({
  test: {
    include: [
      'test/programs-on-ray/**/*.test.ts',
      'test/runtime/ray-bridge/**/*.test.ts',
      'test/src-main/{services,cluster/ray,bootstrap}/**/ray-*.test.ts',
      'test/e2e/ray*.test.ts',
    ],
    globalSetup: ['test/support/install-ray.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
    fileParallelism: false,
  },
})
