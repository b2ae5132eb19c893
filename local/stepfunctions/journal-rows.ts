import type { HistoryEvent } from "./history.ts";
import type { JournalRecord, Mark } from "./journal.ts";

/** Steps of one execution that are kept together, as a row has them. */
export interface JournalRow {
  /** Ids of the first and the last event among them; 0 when there is none. */
  readonly firstEvent: number;
  readonly lastEvent: number;
  readonly records: string;
}

/** A step as it is written: without names, and 0 for what is not there. */
type Packed = readonly [scope: string, event: PackedEvent | 0, mark: Mark | 0];
type PackedEvent = readonly [type: string, id: number, previous: number, at: number, details: unknown];

export function packRecords(records: readonly JournalRecord[]): JournalRow {
  const packed = records.map(
    ({ scope, event, mark }): Packed => [
      scope,
      event === undefined ? 0 : [event.type, event.id, event.previousEventId, event.timestamp, event.details],
      mark ?? 0,
    ],
  );
  const events = records.flatMap(({ event }) => event ?? []);
  return {
    firstEvent: events[0]?.id ?? 0,
    lastEvent: events.at(-1)?.id ?? 0,
    records: JSON.stringify(packed),
  };
}

export function unpackRecords(text: string): readonly JournalRecord[] {
  const packed: readonly Packed[] = JSON.parse(text);
  return packed.map(([scope, event, mark]) => ({
    scope,
    event: event === 0 ? undefined : eventOf(event),
    mark: mark === 0 ? undefined : mark,
  }));
}

function eventOf([type, id, previousEventId, timestamp, details]: PackedEvent): HistoryEvent {
  // It was an event when it was packed.
  return { type, id, previousEventId, timestamp, details } as unknown as HistoryEvent;
}
