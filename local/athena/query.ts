import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Caller } from "./caller.ts";
import { daysOf, defineView, filesOf, type LakeTable, lakeTableOf, objectsOf } from "./lake-table.ts";
import { QueryFailed } from "./refusal.ts";
import { type Result, resultOf } from "./results.ts";
import type { Session } from "./session.ts";
import { type TableUse, translate, viewNameOf } from "./translate.ts";

/** Everything that reads less than a query needs is an answer of its own; this one is told apart. */
export class CutOff extends Error {
  override readonly name = "CutOff";
}

export interface Question {
  readonly sql: string;
  /** Values for `?`, as they stand in SQL. */
  readonly parameters: readonly string[];
  /** Where names are looked up that have no database before them. */
  readonly database: string;
  /** In whose name it is asked. */
  readonly caller: Caller;
  /** Bytes. @see WorkgroupPlan */
  readonly cutoff: number | undefined;
  /** `2026-11-26`, UTC. */
  readonly today: string;
  /** Where objects that were read are kept. */
  readonly directory: string;
}

export interface Answer {
  readonly result: Result;
  /** Of the objects that were read. */
  readonly bytes: number;
}

/** All of the catalog here is by day. */
const partitionKey = "day";

/**
 * Answers one question in a session of its own.
 * @throws QueryFailed that says why there is no answer, and CutOff when it would read more than it may.
 */
export async function answer(session: Session, question: Question): Promise<Answer> {
  const { sql, today, directory } = question;
  const parameters = [];
  for (const text of question.parameters) parameters.push(await session.literal(text));
  const { tree, uses } = translate(await session.parse(sql), { parameters, today, partitionKey });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let bytes = 0;
  const views = Map.groupBy(uses, ({ database, table }) => viewNameOf(database, table));
  for (const [view, places] of views) bytes = await openTable(session, view, places, question, bytes);
  await session.confine(directory);
  const result = resultOf(await session.ask(await session.print(tree)));
  return { result, bytes };
}

/** Makes a view of a table's objects that the query may need. @returns how many bytes have been read by now. */
async function openTable(
  session: Session,
  view: string,
  places: readonly TableUse[],
  { caller, database: own, today, directory, cutoff }: Question,
  before: number,
): Promise<number> {
  const [{ database = own, table: name } = { database: own, table: "" }] = places;
  await caller.glue("GetDatabase", { Name: database });
  const described = await caller.glue("GetTable", { DatabaseName: database, Name: name });
  const table = lakeTableOf(described, today);
  if (table.partitionKey !== partitionKey)
    throw new QueryFailed("NOT_SUPPORTED", `the table ${name} is partitioned by ${table.partitionKey}`);
  const objects = await objectsOf(caller, table, await daysOfAll(session, table, places));
  const bytes = before + objects.reduce((sum, object) => sum + object.bytes, 0);
  if (cutoff !== undefined && bytes > cutoff) throw new CutOff("Bytes scanned limit was exceeded");
  const files = await filesOf(caller, table, objects, join(directory, database, name));
  await defineView(session, view, table, files);
  return bytes;
}

/** What any of the places needs. */
async function daysOfAll(
  session: Session,
  table: LakeTable,
  places: readonly TableUse[],
): Promise<readonly string[]> {
  const days = new Set<string>();
  for (const { conditions } of places)
    for (const day of await daysOf(session, table, conditions)) days.add(day);
  return [...days].toSorted();
}
