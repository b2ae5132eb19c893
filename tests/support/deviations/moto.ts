import type { EmulatorDeviations } from "./deviation.ts";

/** Version 5.2.5. */
export const moto: EmulatorDeviations = {
  DYNAMODB: {
    "TransactWriteItems through the door with the same ClientRequestToken happens once and succeeds twice": {
      aws: "answers the same token as it did before",
      instead: "ConditionalCheckFailed",
    },
    "TransactWriteItems through the door with the same ClientRequestToken and other items is refused": {
      aws: "refuses other items under a token that it has seen",
      instead: "instead of rejecting",
    },
    "expired items are deleted some time after their moment, and no others": {
      aws: "filters by the type of an attribute",
      instead: "is not valid JSON",
    },
  },
  KINESIS: {
    "a batch is in shard by shard: the one that is full refuses its own": {
      aws: "takes 1 MiB a second into a shard",
      instead: "expected +0 to be 1",
    },
    "Kinesis refuses an iterator that is none": {
      aws: "says that the iterator is invalid",
      instead: "is not valid JSON",
    },
  },
  KMS: {
    "data keys decrypt to what they were, and name their key": {
      aws: "says by which algorithm it decrypted",
      instead: "to match object { …(2) }",
    },
    "ciphertext does not open when any one of its bytes was changed": {
      aws: "calls the error InvalidCiphertextException",
      instead: "AccessDeniedException",
    },
    "ciphertext does not open with another key than its own": {
      aws: "calls the error IncorrectKeyException",
      instead: "AccessDeniedException",
    },
    "MACs need the algorithm of their key": {
      aws: "refuses the algorithm of another kind of key",
      instead: "no refusal",
    },
    "signatures verify for their message only": {
      aws: "refuses a signature of something else",
      instead: "no refusal",
    },
    "signatures the public half says what it is for": {
      aws: "names the key by its ARN",
      instead: "to match object",
    },
    "signatures need the algorithm of their key, and a key that signs": {
      aws: "calls the error InvalidKeyUsageException",
      instead: "ValidationException",
    },
    "signatures a key that seals has no public half": {
      aws: "refuses to give what is not there",
      instead: "no refusal",
    },
    "keys a key is found by its id": {
      aws: "says what a key is for",
      instead: "to match object { …(5) }",
    },
    "keys a key is found by its ARN": {
      aws: "says what a key is for",
      instead: "to match object { …(5) }",
    },
    "keys a key is found by its alias": {
      aws: "says what a key is for",
      instead: "to match object { …(5) }",
    },
    "keys a key is found by its alias ARN": {
      aws: "says what a key is for",
      instead: "to match object { …(5) }",
    },
    "keys a key does only what it is for": {
      aws: "refuses what a key is not for",
      instead: "no refusal",
    },
    "keys a disabled key does nothing": {
      aws: "refuses a disabled key",
      instead: "no refusal",
    },
  },
  "S3 versions": {
    "Object Lock keeps a version for the bucket's days, from everyone": {
      aws: "refuses in XML",
      instead: "XML parse error",
    },
    "Object Lock may be lengthened, and neither shortened nor weakened": {
      aws: "refuses an earlier date, and a weaker mode",
      instead: "instead of rejecting",
    },
    "Object Lock is told as the plan has it": {
      aws: "leaves out the years of a rule that has days",
      instead: "to deeply equal",
    },
  },
  S3: {
    "an object with a wrong digest is not taken": {
      aws: "refuses a body whose checksum is another",
      instead: "instead of rejecting",
    },
  },
  SNS: {
    "a message in JSON is a text for each protocol, and one for all others": {
      aws: "refuses a message that is no JSON, or has no text for all others",
      instead: "instead of rejecting",
    },
  },
  SQS: {
    "a message that was received again is not deleted under the earlier receipt": {
      aws: "deletes under the latest receipt only",
      instead: "expected '0' to be '1'",
    },
    "a message given back by a visibility of zero is there at once; later the receipt is worth nothing": {
      aws: "refuses a receipt of a message that is visible again",
      instead: "instead of rejecting",
    },
    "a message received too often goes to the dead-letter queue, which says where it came from": {
      aws: "says which queue the message was in",
      instead: "to match object",
    },
    "a message goes to nobody who has left": {
      aws: "keeps it for another, since the poller that waited has gone",
      instead: "expected [] to deeply equal [ 'one' ]",
    },
    "a FIFO queue takes the same message once": {
      aws: "answers the id of the message that it has",
      instead: "to deeply equal",
    },
    "a message move task brings what died back to where it came from, as new": {
      aws: "has message move tasks",
      instead: "is not valid JSON",
    },
    "a message move task of a queue that is nobody's dead-letter queue is refused": {
      aws: "has message move tasks",
      instead: "is not valid JSON",
    },
  },
  XRAY: {
    "a segment is there when its trace is asked for, as it was sent": {
      aws: "says how long a trace took",
      instead: "expected +0 to be close to 0.5",
    },
    "a segment that is under way is replaced when it has ended": {
      aws: "has each segment of a trace once",
      instead: "to deeply equal [ { name: 'reconciler', …(4) } ]",
    },
    "a segment that says what cannot be is refused": {
      aws: "reads segments by a schema",
      instead: "expected [ 'an id that is none', …(7) ]",
    },
    "a segment of a trace that has another form, or is older than 30 days, is refused by name": {
      aws: "refuses traces that it would not keep",
      instead: "expected [] to deeply equal",
    },
    "a segment that is no JSON is refused": {
      aws: "calls the error ParseError",
      instead: "expected [ [ undefined, …(2) ] ]",
    },
    "a segment of more than 64 KB is refused": {
      aws: "takes 64 KB of a segment",
      instead: "to have a length of 1 but got +0",
    },
    "a segment is one of fifty at most": {
      aws: "takes fifty segments at once",
      instead: "instead of rejecting",
    },
    "a subsegment that was sent by itself is within its parent, before or after that came": {
      aws: "puts subsegments into their segments",
      instead: "to deeply equal [ { name: 'reconciler', …(7) } ]",
    },
    "summaries are of the time that is asked about, with what went wrong and what to search by": {
      aws: "says what went wrong",
      instead: "to match object { HasFault: true, …(5) }",
    },
    "summaries of a time that ends before it begins are refused": {
      aws: "refuses such a time",
      instead: "instead of rejecting",
    },
    "summaries are those that a filter is about": {
      aws: "has a language of filters",
      instead: "Not implemented yet",
    },
  },
};
