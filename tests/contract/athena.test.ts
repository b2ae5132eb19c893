import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import {
  AthenaClient,
  BatchGetNamedQueryCommand,
  GetNamedQueryCommand,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  ListNamedQueriesCommand,
  type QueryExecution,
  StartQueryExecutionCommand,
  type StartQueryExecutionCommandInput,
  StopQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AthenaApi } from "#adapters/lake/athena-api.ts";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { openDoor } from "#local/door/door.ts";
import { runEngines } from "#local/engines.ts";
import { hiveTypeOf } from "#local/firehose/hive-type.ts";
import { parquetOf } from "#local/firehose/parquet.ts";
import { Guard } from "#local/iam/guard.ts";
import { statePaths } from "#local/state.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  columns,
  cutoff,
  lakePlan as plan,
  region,
  roleArn,
  workgroupArn,
} from "#tests/support/lake-plan.ts";

const now = Date.parse("2026-11-26T10:00:00Z");
let started: AsyncDisposableStack;
/** In the name of a role that may ask. */
let client: AthenaClient;
let operator: AthenaClient;
let s3: S3Client;
let clientOf: (name: string) => AthenaClient;
let api: AthenaApi;

beforeAll(async () => {
  started = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "tallystick-athena-"));
  started.defer(() => rmSync(directory, { recursive: true }));
  const credentials = new CredentialRegistry();
  const warn = (): void => undefined;
  const guard = new Guard(plan);
  const door = await openDoor({ credentials, log: new CallLog(1_000), guard, warn, port: 0 });
  started.defer(() => door.stop());
  const credentialsOf = (arn: string | undefined) => credentials.issueTo(arn);
  const clock = () => now;
  await runEngines({ plan, paths: statePaths(directory), door, credentialsOf, warn, clock }, started);
  const options = { endpoint: door.url, region, maxAttempts: 1 };
  clientOf = (name) => new AthenaClient({ ...options, credentials: credentialsOf(roleArn(name)) });
  client = clientOf("reader");
  s3 = new S3Client({ ...options, credentials: credentialsOf(undefined) });
  operator = new AthenaClient({ ...options, credentials: credentialsOf(undefined) });
  api = new AthenaApi(client, { workgroup: "questions", database: "lake" });
  const payment = (id: string, amount: number) =>
    JSON.stringify({
      id,
      amount,
      legs: [
        { account: "a", amount },
        { account: "b", amount: -amount },
      ],
      note: null,
    });
  await file("payments/day=2026-11-24/1.parquet", [payment("p1", 1)]);
  await file("payments/day=2026-11-25/1.parquet", [payment("p2", 20), payment("p3", 300)]);
  // A file of before there were notes, one that is none of the table's, and one of another day than there may be.
  await file("payments/day=2026-11-26/1.parquet", [payment("p4", 4_000)], columns.slice(0, 3));
  await put("payments/day=2026-11-26/_started", "no Parquet");
  await put("payments/day=2026-11-27/1.parquet", "no Parquet");
  await put(
    "lines/day=2026-11-26/1.json.gz",
    gzipSync('{"n":1,"of":{"a":"x, \\"y\\""}}\nno JSON\n{"n":2}\n'),
  );
});
afterAll(() => started.disposeAsync());

const put = (Key: string, Body: Buffer | string) =>
  s3.send(new PutObjectCommand({ Bucket: "lake", Key, Body }));
const file = async (key: string, rows: readonly string[], list = columns) =>
  put(
    key,
    await parquetOf(
      rows,
      list.map(({ name, type }) => ({ name, type: hiveTypeOf(type) })),
    ),
  );

const start = async (
  QueryString: string,
  by = client,
  more: Partial<StartQueryExecutionCommandInput> = {},
): Promise<string> => {
  const { QueryExecutionId = "" } = await by.send(
    new StartQueryExecutionCommand({
      ...{ QueryString, WorkGroup: "questions", QueryExecutionContext: { Database: "lake" } },
      ...more,
    }),
  );
  return QueryExecutionId;
};
const execution = async (QueryExecutionId: string, by = client): Promise<QueryExecution> =>
  (await by.send(new GetQueryExecutionCommand({ QueryExecutionId }))).QueryExecution ?? {};
const ended = (id: string, by = client): Promise<QueryExecution> =>
  eventually(async () => {
    const found = await execution(id, by);
    return /QUEUED|RUNNING/.test(found.Status?.State ?? "") ? undefined : found;
  });
const text = async (Key: string): Promise<string> =>
  (await (await s3.send(new GetObjectCommand({ Bucket: "answers", Key }))).Body?.transformToString()) ?? "";

describe("an answer", () => {
  test("has names first, types of Athena's, and null where there is nothing", async () => {
    const id = await start(
      `select id as Id, amount, cast(amount as integer) as small, amount / 3e0 as third, amount > 1 as big, note,
         date '2026-11-26' as d, timestamp '2026-11-26 10:11:12' as t, count(*) over ()
       from payments where id in ('p1', 'p4') order by id`,
    );
    await ended(id);
    const { ResultSet } = await client.send(new GetQueryResultsCommand({ QueryExecutionId: id }));
    expect(ResultSet?.ResultSetMetadata?.ColumnInfo?.map(({ Name, Type }) => [Name, Type])).toEqual([
      ["id", "varchar"],
      ["amount", "bigint"],
      ["small", "integer"],
      ["third", "double"],
      ["big", "boolean"],
      ["note", "varchar"],
      ["d", "date"],
      ["t", "timestamp"],
      ["_col8", "bigint"],
    ]);
    const rows = ResultSet?.Rows?.map(({ Data = [] }) => Data.map(({ VarCharValue }) => VarCharValue));
    expect(rows?.[0]?.[0]).toBe("id");
    expect(rows?.slice(1)).toEqual([
      [
        "p1",
        "1",
        "1",
        "0.3333333333333333",
        "false",
        undefined,
        "2026-11-26",
        "2026-11-26 10:11:12.000",
        "2",
      ],
      [
        "p4",
        "4000",
        "4000",
        "1333.3333333333333",
        "true",
        undefined,
        "2026-11-26",
        "2026-11-26 10:11:12.000",
        "2",
      ],
    ]);
  });

  test("comes page by page, the names on the first", async () => {
    const id = await start("select id from payments order by id");
    await ended(id);
    const pages: (string | undefined)[][] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(
        new GetQueryResultsCommand({ QueryExecutionId: id, MaxResults: 2, ...(NextToken && { NextToken }) }),
      );
      pages.push((page.ResultSet?.Rows ?? []).map(({ Data = [] }) => Data[0]?.VarCharValue));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(pages).toEqual([["id", "p1"], ["p2", "p3"], ["p4"]]);
  });

  test("is a CSV where the workgroup says, whatever the caller says, and something beside it", async () => {
    const id = await start(
      `select id, note, 'say "so", twice' as said from payments where id = 'p1'`,
      client,
      {
        ResultConfiguration: { OutputLocation: "s3://lake/elsewhere/" },
      },
    );
    const { ResultConfiguration } = await ended(id);
    expect(ResultConfiguration?.OutputLocation).toBe(`s3://answers/${id}.csv`);
    expect(await text(`${id}.csv`)).toBe('"id","note","said"\n"p1",,"say ""so"", twice"\n');
    expect(await text(`${id}.csv.metadata`)).not.toBe("");
  });
});

describe("tables", () => {
  test("of text have a line a row, compressed or not", async () => {
    const { rows } = await api.ask(
      "select json_extract_scalar(event, '$.n'), json_extract_scalar(event, '$.of.a'), json_extract_scalar(event, '$.of'), day from lines",
    );
    expect(rows).toEqual([
      ["1", 'x, "y"', null, "2026-11-26"],
      [null, null, null, "2026-11-26"],
      ["2", null, null, "2026-11-26"],
    ]);
  });

  test("have a row for each element of an array, with its place", async () => {
    const { columns: names, rows } = await api.ask(
      `select id, leg.account, leg.amount, place from payments
       cross join unnest(legs) with ordinality as leg (account, amount, place) where day = '2026-11-24' order by place`,
    );
    expect(names).toEqual(["id", "account", "amount", "place"]);
    expect(rows).toEqual([
      ["p1", "a", 1, 1],
      ["p1", "b", -1, 2],
    ]);
  });

  test.each([
    ["day = '2026-11-24'", ["2026-11-24"]],
    ["day >= '2026-11-25' and amount > 0", ["2026-11-25", "2026-11-26"]],
    ["day between ? and ?", ["2026-11-24", "2026-11-25"]],
    ["day >= cast(current_date - interval '1' day as varchar)", ["2026-11-25", "2026-11-26"]],
    ["(day = '2026-11-24' or amount = 4000)", ["2026-11-24", "2026-11-25", "2026-11-26"]],
    ["day < '2026-01-01'", []],
  ])("are read by the days that %s asks for, and no others", async (condition, days) => {
    const more = condition.includes("?") ? { ExecutionParameters: ["'2026-11-24'", "'2026-11-25'"] } : {};
    const { Status, Statistics } = await ended(
      await start(`select id from payments where ${condition}`, client, more),
    );
    expect(Status?.State).toBe("SUCCEEDED");
    let bytes = 0;
    for (const day of days) bytes += await sizeOf(`payments/day=${day}/1.parquet`);
    expect(Statistics?.DataScannedInBytes).toBe(bytes);
  });
  const sizeOf = async (Key: string): Promise<number> =>
    (await s3.send(new GetObjectCommand({ Bucket: "lake", Key }))).ContentLength ?? 0;

  test("whose files have another type than the catalog says fail the query", async () => {
    await file(
      "payments/day=2026-02-01/1.parquet",
      ['{"id":"p","amount":"ten"}'],
      [
        { name: "id", type: "string" },
        { name: "amount", type: "string" },
      ],
    );
    const { Status } = await ended(await start("select amount from payments where day = '2026-02-01'"));
    expect(Status?.StateChangeReason).toMatch(
      /^HIVE_BAD_DATA: the field amount is VARCHAR in the file and BIGINT/,
    );
    await s3.send(new DeleteObjectCommand({ Bucket: "lake", Key: "payments/day=2026-02-01/1.parquet" }));
  });

  test("that changed are read as they are now", async () => {
    const sum = "select sum(amount) from payments where day = '2026-03-01'";
    await file("payments/day=2026-03-01/1.parquet", ['{"id":"p","amount":1}']);
    expect((await api.ask(sum)).rows).toEqual([[1]]);
    await file("payments/day=2026-03-01/1.parquet", ['{"id":"p","amount":2}']);
    await file("payments/day=2026-03-01/2.parquet", ['{"id":"p","amount":5}']);
    expect((await api.ask(sum)).rows).toEqual([[7]]);
  });
});

describe("a query that has no answer says why", () => {
  test.each([
    ["select nothing from payments", /^COLUMN_NOT_FOUND: .*"nothing"/],
    ["select 1 from nowhere", /^TABLE_NOT_FOUND: /],
    ["select 1 from elsewhere.payments", /^SCHEMA_NOT_FOUND: .*elsewhere/],
    ["select 1 from crawled", /^NOT_SUPPORTED: the table crawled is not partitioned by days/],
    ["select md5(id) from payments", /^NOT_SUPPORTED: the function md5 is not known/],
    ["select 1 / (amount - amount) from payments where day = '2026-11-24'", /^DIVISION_BY_ZERO/],
    [
      "select sum(amount * 9000000000000000) from payments where day >= '2026-11-24'",
      /^NUMERIC_VALUE_OUT_OF_RANGE/,
    ],
    ["selec 1", /^SYNTAX_ERROR: /],
    ["select ? from payments", /^INVALID_PARAMETER_USAGE: .*expected 1 but found 0/],
  ])("%s", async (sql, reason) => {
    const id = await start(sql);
    const { Status } = await ended(id);
    expect(Status?.State).toBe("FAILED");
    expect(Status?.StateChangeReason).toMatch(reason);
    await expect(client.send(new GetQueryResultsCommand({ QueryExecutionId: id }))).rejects.toThrow(
      "Query did not finish successfully. Final query state: FAILED",
    );
  });

  test("and one that would read more than its workgroup lets it is ended", async () => {
    await put("lines/day=2026-05-01/1.txt", "x".repeat(cutoff + 1));
    const { Status } = await ended(await start("select count(*) from lines where day = '2026-05-01'"));
    expect(Status).toMatchObject({
      State: "CANCELLED",
      StateChangeReason: "Bytes scanned limit was exceeded",
    });
    await api.ask("select count(*) from lines where day > '2026-05-01'");
  });

  test("and a parameter that is no literal is no SQL", async () => {
    const id = await start("select ? as said", client, {
      ExecutionParameters: ["(select max(id) from payments)"],
    });
    expect((await ended(id)).Status?.StateChangeReason).toMatch(/^INVALID_PARAMETER_USAGE/);
  });
});

describe("Athena acts in its caller's name", () => {
  test.each([
    ["glue:GetDatabase", /^INSUFFICIENT_PERMISSIONS: .*glue:GetDatabase/],
    ["glue:GetTable", /^INSUFFICIENT_PERMISSIONS: .*glue:GetTable/],
    ["s3:ListBucket", /^PERMISSION_DENIED: Permission denied on S3 path: s3:\/\/lake\/payments\//],
    ["s3:GetObject", /^PERMISSION_DENIED: Permission denied on S3 path: s3:\/\/lake\/payments\/day=/],
    ["s3:PutObject", /^PERMISSION_DENIED: Permission denied on S3 path: s3:\/\/answers\//],
  ])("and fails without %s", async (right, reason) => {
    // It was read by somebody before.
    await api.ask("select id from payments where day = '2026-11-24'");
    const by = clientOf(`without-${right.replace(":", "-")}`);
    const { Status } = await ended(await start("select id from payments where day = '2026-11-24'", by), by);
    expect(Status?.State).toBe("FAILED");
    expect(Status?.StateChangeReason).toMatch(reason);
  });

  test.each(["athena:StartQueryExecution", "athena:GetQueryExecution"])(
    "who needs %s himself",
    async (right) => {
      const by = clientOf(`without-${right.replace(":", "-")}`);
      const asked = start("select 1", by).then((id) => execution(id, by));
      await expect(asked).rejects.toThrow(`not authorized to perform: ${right} on resource: ${workgroupArn}`);
    },
  );
});

describe("executions", () => {
  // At once it has not begun to read; later DuckDB is at work.
  test.each([0, 300])("are stopped, under way or before: after %i ms", async (ms) => {
    const slow = `
      with many as (select a.amount from payments as a, payments as b, payments as c, payments as d, payments as e)
      select count(*) from many as a, many as b, many as c where a.amount + b.amount + c.amount < 0`;
    const running = await start(slow);
    const waiting = await start("select 1");
    await eventually(async () => ((await execution(running)).Status?.State === "RUNNING" ? true : undefined));
    expect((await execution(waiting)).Status?.State).toBe("QUEUED");
    await expect(client.send(new GetQueryResultsCommand({ QueryExecutionId: running }))).rejects.toThrow(
      "Query has not yet finished. Current state: RUNNING",
    );
    await sleep(ms);
    for (const id of [waiting, running])
      await client.send(new StopQueryExecutionCommand({ QueryExecutionId: id }));
    for (const id of [waiting, running]) expect((await execution(id)).Status?.State).toBe("CANCELLED");
    expect((await api.ask("select 1")).rows).toEqual([[1]]);
    await client.send(new StopQueryExecutionCommand({ QueryExecutionId: running }));
  });

  test("of one token are one", async () => {
    const ClientRequestToken = "0123456789abcdef0123456789abcdef";
    const id = await start("select 1", client, { ClientRequestToken });
    expect(await start("select 1", client, { ClientRequestToken })).toBe(id);
    await expect(start("select 2", client, { ClientRequestToken })).rejects.toThrow(
      "Idempotent parameters do not match",
    );
  });

  test("of a workgroup that is not there, or unheard of, are refused", async () => {
    await expect(start("select 1", client, { WorkGroup: "others" })).rejects.toThrow("not authorized");
    const unheard = client.send(new GetQueryExecutionCommand({ QueryExecutionId: "none" }));
    await expect(unheard).rejects.toThrow("not authorized");
  });
});

test("queries are kept under their names, and run", async () => {
  const { NamedQueryIds = [] } = await operator.send(new ListNamedQueriesCommand({ WorkGroup: "questions" }));
  expect(NamedQueryIds).toEqual(["Sum"]);
  const { NamedQuery } = await operator.send(new GetNamedQueryCommand({ NamedQueryId: "Sum" }));
  expect(NamedQuery).toMatchObject({ Name: "sum", Database: "lake", WorkGroup: "questions" });
  const { NamedQueries, UnprocessedNamedQueryIds } = await operator.send(
    new BatchGetNamedQueryCommand({ NamedQueryIds: ["Sum", "Other"] }),
  );
  expect([NamedQueries, UnprocessedNamedQueryIds]).toMatchObject([[NamedQuery], [{ NamedQueryId: "Other" }]]);
  await expect(client.send(new GetNamedQueryCommand({ NamedQueryId: "Sum" }))).rejects.toThrow(
    `athena:GetNamedQuery on resource: ${workgroupArn}`,
  );
});
