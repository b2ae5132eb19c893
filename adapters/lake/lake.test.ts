import { expect, test } from "vitest";
import { lakeReports, withFacts } from "./lake.ts";

test("a question is sent with the facts that it reads and those that they read, each before its reader, once", () => {
  const names = (sql: string): readonly string[] =>
    [...withFacts(sql).matchAll(/^(?:with )?(\w+) as \($/gm)].map(([, name = ""]) => name);
  expect(names("select 1 from fees join payments as p on true")).toEqual([
    ...["records", "entries", "fees"],
    ...["payment_changes", "payments"],
  ]);
  expect(withFacts("select 1 from payment_events")).toBe("select 1 from payment_events");
});

test("a report says by how much which of its columns may differ", () => {
  const { within } = lakeReports().get("unknown-outcomes") ?? {};
  expect(within).toEqual(
    new Map([
      ["seconds_to_resolve", 1],
      ["seconds_at_most", 1],
    ]),
  );
  expect(lakeReports().get("balances")?.within).toEqual(new Map());
});
