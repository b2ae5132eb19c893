import { z } from "zod";
import { sinceFlaw } from "#core/failover/since.ts";
import { execution } from "#workflows/records.ts";

/**
 * What the `failover` workflow's states hand to its tasks and get back. `machine.asl.json` names each field of what it
 * hands over, and of what it gets it reads `cursor`, `read`, `changed`, `asked`, `torn`, `since` and `began`: renaming one
 * here means renaming it there.
 */

const text = z.string().trim().min(1);

/** A time as people write it, with its offset; read into epoch milliseconds. */
export const sinceTime = z.iso
  .datetime({ offset: true, error: "since is a time, as 2026-01-31T12:00:00Z is written" })
  .transform((at) => Date.parse(at));

/** An operator's word that another region is lost: it starts the workflow. */
const failoverWord = z.strictObject({
  /** Who decided it. */
  by: text.max(100),
  reason: text.max(1_000),
  /** What shows that the other region is lost, and that somebody checked: an incident, a dashboard, a call. */
  evidence: text.max(1_000),
  /**
   * From when on what was written may have arrived in part: when replication was last known to be whole, minus some
   * margin. Nothing stands in for it: a failover that looks back less far passes over torn money without a word.
   */
  since: sinceTime,
});

/** When the execution started: the same on every redrive, so that what is found twice is kept once. */
const began = z.iso.datetime({ offset: true }).transform((at) => Date.parse(at));

export const admitInput = z
  .strictObject({ word: failoverWord, began, execution })
  .check(({ value: { word, began: at }, issues }) => {
    const flaw = sinceFlaw(word.since, at);
    if (flaw !== undefined)
      issues.push({ code: "custom", path: ["word", "since"], message: flaw, input: word.since });
  });
export type Admitted = {
  readonly epoch: number;
  /** Epoch milliseconds: the earliest of all starts in this epoch. */
  readonly since: number;
  /** Epoch milliseconds: the first of them, so that what two of them find is one letter. */
  readonly began: number;
};

/** A table is gone through in at most so many parts: a Map takes no more of them beside each other. */
export const segmentsMax = 40;

/** The input of a task that goes through a part of a table: from the beginning, or from where the last call stopped. */
export const passInput = z.strictObject({
  segment: z.int().min(0),
  segments: z.int().min(1).max(segmentsMax),
  cursor: z.string().nullable(),
  since: z.int().min(0),
  began: z.int().min(0),
  execution,
});
export type PassInput = z.output<typeof passInput>;

/** How far it came. Counts are of this call alone. */
export type PassOutput = {
  /** Null when the part was gone through to its end. */
  readonly cursor: string | null;
  /** Items that were read. */
  readonly read: number;
  /** Items that were written: touched, completed, rebuilt. */
  readonly changed: number;
  /** Payments that were handed to the recovery. */
  readonly asked: number;
  /** What nobody here can decide: each is a letter that operators see. */
  readonly torn: number;
};

/** The input of a task that is one step. */
export const stepInput = z.strictObject({ began: z.int().min(0), execution });

/** `unfenced`: why the other region's functions were not denied what they may do. Null where they were. */
export const openInput = stepInput.extend({ unfenced: z.string().nullable() });
export type Opened = {
  readonly epoch: number;
  /** ISO 8601. */
  readonly opened_at: string;
};

/** Roles of the other region that are denied everything by now, and where there is no other region, none. */
export type Fenced = { readonly denied: number };

/** What invokes functions by now. */
export type Enabled = { readonly mappings: number; readonly rules: number };

/**
 * Whether the books are written to here: RDS was asked for it and needs minutes, they were already, or there is no database
 * of two regions.
 */
export type Promoted = { readonly promotion: "asked" | "already" | "none" };
