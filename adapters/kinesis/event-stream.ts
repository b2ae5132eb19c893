import { KinesisClient, PutRecordsCommand, type PutRecordsRequestEntry } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type StreamedEvent, subjectOf } from "#core/events/streamed.ts";

const requestTimeoutMs = 3_000;
const connectionTimeoutMs = 500;
const attemptsMax = 2;
/**
 * Kinesis takes 500 records per call. It takes 5 MiB, too: a batch from Lambda has 6 MB at most and an event is smaller
 * than the change that it tells of; a call that is refused all the same fails its batch, which Lambda halves.
 */
const recordsMax = 500;
/** Calls for one batch, the first included: throttled shards take a moment to breathe. */
const triesMax = 4;
const pauseMs = 100;

export const createKinesis = (): KinesisClient =>
  new KinesisClient({
    maxAttempts: attemptsMax,
    // Its default is HTTP/2, which a plain endpoint refuses.
    requestHandler: new NodeHttpHandler({
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    }),
  });

/** The stream that all consumers of events read: in order for each payment and entry, each event at least once. */
export class EventStream<Event extends StreamedEvent = StreamedEvent> {
  readonly #client: KinesisClient;
  readonly #stream: string;
  readonly #pause: (ms: number) => Promise<void>;

  constructor(client: KinesisClient, stream: string, pause = pauseFor) {
    this.#client = client;
    this.#stream = stream;
    this.#pause = pause;
  }

  /**
   * Puts events on the stream, in the order given. Where one of a subject is refused and a later one is not, the later
   * one is there first, and again behind it: readers go by the sequence.
   * @returns how many of them, from the first on, are there with all before them; those behind may be there in part,
   * and are to be published again.
   */
  async publish(events: readonly Event[]): Promise<number> {
    for (let start = 0; start < events.length; start += recordsMax) {
      const slice = events.slice(start, start + recordsMax);
      const left = await this.#publishSlice(slice);
      if (left.size > 0) return start + slice.findIndex((event) => left.has(event));
    }
    return events.length;
  }

  /** @returns what is not there after the last try. */
  async #publishSlice(events: readonly StreamedEvent[]): Promise<ReadonlySet<StreamedEvent>> {
    let left = events;
    for (let attempt = 0; attempt < triesMax && left.length > 0; attempt += 1) {
      if (attempt > 0) await this.#pause(pauseMs * 2 ** (attempt - 1));
      left = suffixes(left, await this.#put(left));
    }
    return new Set(left);
  }

  /** @returns whether each was refused, or not spoken of: only a sequence number says that a record is there. */
  async #put(events: readonly StreamedEvent[]): Promise<readonly boolean[]> {
    const { Records: results = [] } = await this.#client.send(
      new PutRecordsCommand({ StreamName: this.#stream, Records: events.map(recordOf) }),
    );
    return events.map((_, index) => results[index]?.SequenceNumber === undefined);
  }
}

/** What of the events has to be sent again: of each subject, the first that was refused and all behind it. */
function suffixes(events: readonly StreamedEvent[], refused: readonly boolean[]): readonly StreamedEvent[] {
  const broken = new Set<string>();
  return events.filter((event, index) => {
    const subject = subjectOf(event);
    if (refused[index] === true) broken.add(subject);
    return broken.has(subject);
  });
}

const recordOf = (event: StreamedEvent): PutRecordsRequestEntry => ({
  PartitionKey: subjectOf(event),
  Data: Buffer.from(JSON.stringify(event)),
});

const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
