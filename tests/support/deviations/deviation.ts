/** What an emulator does that AWS does not. */
export interface Deviation {
  /** What AWS does: `keeps …`, `refuses …`. */
  readonly aws: string;
  /** Part of how the behaviour's test fails on the emulator. */
  readonly instead: string;
}

export type Deviations = Readonly<Record<string, Deviation>>;

/** By service and behaviour. A test holds each: one that was mended has to leave the list. */
export type EmulatorDeviations = Readonly<Record<string, Deviations>>;
