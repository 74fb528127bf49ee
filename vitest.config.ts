import { defineConfig } from 'vitest/config';

// Two projects: what needs a WebGPU device (`*.gpu.test.ts`, one process at a time, since a software
// adapter already uses every core) and everything else.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'plain',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.gpu.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'gpu',
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
