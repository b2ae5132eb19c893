import { createSecretKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { examplePayment } from "#tests/support/examples.ts";
import type { Book } from "../ledger/account.ts";
import type { PaymentId } from "./ids.ts";
import { isReturnSignature, returnPage, returnPath, returnSignature } from "./return-link.ts";

const key = createSecretKey(Buffer.alloc(32, 1));
const { book, id } = examplePayment();
const signature = returnSignature({ book, id }, key);

describe("the signature of a link", () => {
  test("is that of its merchant and payment", () => {
    expect(isReturnSignature(signature, { book, id }, key)).toBe(true);
  });

  test.each([
    ["another payment", { book, id: id.replace(/.$/, "0") as PaymentId }],
    ["another merchant", { book: "mer_other" as Book, id }],
  ])("is not good for %s", (_what, of) => {
    expect(isReturnSignature(signature, of, key)).toBe(false);
  });

  test("is not good under another key", () => {
    expect(isReturnSignature(signature, { book, id }, createSecretKey(Buffer.alloc(32, 2)))).toBe(false);
  });

  test.each(["", "x", signature.slice(1), `${signature}AAAA`, "é".repeat(22)])("is not %j", (text) => {
    expect(isReturnSignature(text, { book, id }, key)).toBe(false);
  });

  test("has 128 bits", () => {
    expect(signature).toMatch(/^[\w-]{22}$/);
  });
});

test("the link names the payment in its path, and whose it is in its query", () => {
  expect(returnPath({ book, id }, "a-b_c")).toBe(
    `/v1/payments/${id}/return?merchant=${book}&signature=a-b_c`,
  );
});

describe("the merchant's page", () => {
  test.each([
    ["https://shop.example", "https://shop.example/?payment=ID"],
    ["https://shop.example/done", "https://shop.example/done?payment=ID"],
    ["https://shop.example/done?", "https://shop.example/done?payment=ID"],
    ["https://shop.example/done?cart=a%20b&x", "https://shop.example/done?cart=a%20b&x&payment=ID"],
    ["https://shop.example/#/done", "https://shop.example/?payment=ID#/done"],
    ["https://shop.example/fertig/für", "https://shop.example/fertig/f%C3%BCr?payment=ID"],
  ])("%s is %s", (given, page) => {
    expect(returnPage(given, { book, id })).toBe(page.replace("ID", id));
  });
});
