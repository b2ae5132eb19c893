import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sourceHash } from "./source-hash.ts";

const files = {
  "sst.config.ts": "config",
  "stacks/data.ts": "tables",
  "workflows/payment/machine.asl.json": "{}",
  "tests/estate/render/cli.ts": "renderer",
  "package.json": '{"devDependencies":{"sst":"4.17.1","vitest":"5.1.1"}}',
};

describe("the hash of the estate's sources", () => {
  let root = "";
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tallystick-hash-"));
    for (const [file, text] of Object.entries(files)) write(file, text);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("is the same in another folder", () => {
    const copy = `${root}-copy`;
    cpSync(root, copy, { recursive: true });
    expect(sourceHash(copy)).toBe(sourceHash(root));
    rmSync(copy, { recursive: true });
  });

  it.each([
    ["sst.config.ts", "other"],
    ["stacks/data.ts", "other"],
    ["stacks/deeper/new.ts", "new"],
    ["stacks/at-the-edge.js", "new"],
    ["workflows/payment/machine.asl.json", '{"StartAt":"A"}'],
    ["tests/estate/render/cli.ts", "other"],
    ["package.json", '{"devDependencies":{"sst":"4.18.0","vitest":"5.1.1"}}'],
  ])("changes with %s", (file, text) => {
    const before = sourceHash(root);
    write(file, text);
    expect(sourceHash(root)).not.toBe(before);
  });

  it.each([
    ["functions/api/payments.ts", "code"],
    ["stacks/estate.local.lock.json", "{}"],
    ["workflows/payment/contract.ts", "schemas"],
    ["package.json", '{"devDependencies":{"sst":"4.17.1","vitest":"5.2.0"}}'],
  ])("does not change with %s", (file, text) => {
    const before = sourceHash(root);
    write(file, text);
    expect(sourceHash(root)).toBe(before);
  });
});
