import { defineConfig } from 'vitest/config';

// Two projects: what needs a WebGPU device (`*.gpu.test.ts`, one process at a time, since a software
// adapter already uses every core) and everything else.
/** No test depends on what was tuned on the machine it runs on. */
const env = { DEEPFOOL_TUNE: 'off' };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'plain',
          env,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.gpu.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'gpu',
          env,
          include: ['test/**/*.gpu.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
  },
});
