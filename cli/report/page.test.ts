import { expect, test } from "vitest";
import { pageOf } from "./page.ts";

const table = {
  columns: ["acquirer", "currency", "approved"],
  rows: [
    ["<b>alpha</b>", "USD", 10],
    ["<b>alpha</b>", "USD", 5],
    ["beta & co", "EUR", 0],
  ],
};
const chart = { labels: ["acquirer"], value: "approved", series: "currency" };

test("a page shows its chart and all rows, and nothing of the data is markup", () => {
  const page = pageOf("Approvals", "local", [{ name: "approvals", title: "Who approved", chart, table }]);
  expect(page).toContain('<h2 id="approvals">Who approved</h2>');
  expect(page).toContain("beta &amp; co");
  expect(page).not.toMatch(/<b\b/);
  expect(page.match(/<tr>/g)).toHaveLength(4);
  expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
});

test("rows of one label and series are one bar, as long as their sum", () => {
  const page = pageOf("Approvals", "local", [{ name: "approvals", title: "Who approved", chart, table }]);
  expect(page).toContain("<title>USD 15</title>");
});

test("a time without anything says so", () => {
  const page = pageOf("Approvals", "local", [
    { name: "approvals", title: "Who approved", chart, table: { ...table, rows: [] } },
  ]);
  expect(page).toContain("Nothing in this time.");
  expect(page).not.toContain("<svg");
});
