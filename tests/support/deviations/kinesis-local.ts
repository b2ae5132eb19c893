import type { EmulatorDeviations } from "./deviation.ts";

/** Version 0.6.2. */
export const kinesisLocal: EmulatorDeviations = {
  KINESIS: {
    "a batch is in shard by shard: the one that is full refuses its own": {
      aws: "takes 1 MiB a second into a shard",
      instead: "expected +0 to be 1",
    },
    "Kinesis refuses an iterator that is none": {
      aws: "calls the error InvalidArgumentException",
      instead: "UnknownError",
    },
  },
};
