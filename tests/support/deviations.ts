/** What an emulator does that AWS does not. */
export interface Deviation {
  /** What AWS does: `keeps …`, `refuses …`. */
  readonly aws: string;
  /** Part of how the behaviour's test fails on the emulator. */
  readonly instead: string;
}

type Deviations = Readonly<Record<string, Deviation>>;

/** By emulator, service and behaviour. A test holds each: one that was mended has to leave the list. */
const deviations: Readonly<Record<string, Readonly<Record<string, Deviations>>>> = {
  fauxqs: {
    SQS: {
      "a message received too often goes to the dead-letter queue, which says where it came from": {
        aws: "counts the receives there on from those before, and says which queue it was",
        instead: "ApproximateReceiveCount: '4'",
      },
      "a message goes to nobody who has left": {
        aws: "keeps it for another, since the poller that waited has gone",
        instead: "expected [] to deeply equal [ 'one' ]",
      },
      "a batch answers for each entry by itself": {
        aws: "refuses the entry whose delay is longer than 900 seconds",
        instead: "expected [ 'good', 'bad' ] to deeply equal [ 'good' ]",
      },
      "a FIFO queue wants a group": {
        aws: "calls the error MissingParameter",
        instead: "AWS.SimpleQueueService.MissingParameter",
      },
      "a message move task brings what died back to where it came from, as new": {
        aws: "has message move tasks",
        instead: "Unknown action: StartMessageMoveTask",
      },
      "a message move task of a queue that is nobody's dead-letter queue is refused": {
        aws: "has message move tasks",
        instead: "Unknown action: StartMessageMoveTask",
      },
    },
    S3: {
      "an object with a wrong digest is not taken": {
        aws: "refuses a body whose checksum is another",
        instead: "resolved",
      },
      "an object is written once under If-None-Match": {
        aws: "writes on a condition",
        instead: "resolved",
      },
      "an object is changed under If-Match by whoever saw it last": {
        aws: "writes on a condition",
        instead: "resolved",
      },
      "a lock is not to be had in a bucket without locks": {
        aws: "refuses a lock in a bucket that has none",
        instead: "resolved",
      },
      "a listing goes page by page, folders folded": {
        aws: "goes on behind the folder that a page ended with",
        instead: "expected [ 'a/', 'ä' ]",
      },
    },
  },
  "kinesis-local": {
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
  },
};

export const deviationsOf = (emulator: string, service: string): Deviations =>
  deviations[emulator]?.[service] ?? {};
