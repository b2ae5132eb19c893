import type { EmulatorDeviations } from "./deviation.ts";

/** Version 2.4.1. */
export const fauxqs: EmulatorDeviations = {
  SQS: {
    "a message received too often goes to the dead-letter queue, which says where it came from": {
      aws: "counts the receives there on from those before, and says which queue it was",
      instead: "ApproximateReceiveCount: '4'",
    },
    "a message tells the trace of what sent it, to whoever asks for it": {
      aws: "keeps the trace header with the message",
      instead: "to match object { Object (Body, Attributes) }",
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
  SNS: {
    "a message in JSON is a text for each protocol, and one for all others": {
      aws: "knows MessageStructure",
      instead: "for people",
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
};
