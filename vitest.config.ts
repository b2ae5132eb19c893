import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const minutes = (n: number) => n * 60_000;

export default defineConfig({
  test: {
    // Many tests wait, for a timer or a retry of the system that they started: on two processors, three find work.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    projects: [
      {
        test: {
          name: "unit",
          // One module graph for all files: they keep no state in modules, and loading it for each takes longer than
          // the tests do.
          pool: "threads",
          isolate: false,
          include: [
            "cli/**/*.test.ts",
            "core/**/*.test.ts",
            "adapters/**/*.test.ts",
            "functions/**/*.test.ts",
            "local/**/*.test.ts",
            "reconciler/**/*.test.ts",
            "workflows/**/*.test.ts",
          ],
          // Some search thousands of cases, on a machine that may be busy.
          testTimeout: minutes(1),
        },
      },
      {
        test: {
          name: "contract",
          include: ["tests/contract/**/*.test.ts"],
          testTimeout: minutes(1),
          hookTimeout: minutes(1),
        },
      },
      {
        test: {
          name: "simulation",
          include: ["tests/simulation/**/*.test.ts"],
          testTimeout: minutes(2),
          hookTimeout: minutes(1),
        },
      },
      {
        test: {
          name: "estate",
          include: ["tests/estate/**/*.test.ts"],
          exclude: ["tests/estate/binary/**"],
          globalSetup: ["tests/estate/unpack.ts"],
          testTimeout: minutes(3),
          hookTimeout: minutes(3),
        },
      },
      {
        test: {
          // Needs what `npm test` does not: see .ci/sst.
          name: "sst-binary",
          include: ["tests/estate/binary/**/*.test.ts"],
          testTimeout: minutes(3),
        },
      },
      {
        test: {
          name: "integration",
          include: ["tests/integration/**/*.test.ts"],
          testTimeout: minutes(1),
          hookTimeout: minutes(1),
        },
      },
    ],
  },
});
