import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // aws-cdk-lib takes seconds to load: once for all files, not once for each.
    isolate: false,
    fileParallelism: false,
    // A busy machine is no failure.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
