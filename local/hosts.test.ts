import { expect, test } from "vitest";
import { resolveHosts, sandboxAcquirersIn } from "./hosts.ts";

const hosts = new Map([
  ["https://alpha.acquirer.test", "http://127.0.0.1:4001"],
  ["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool", "http://127.0.0.1:4002/eu-west-1_pool"],
]);

test.each([
  ["https://alpha.acquirer.test", "http://127.0.0.1:4001"],
  ["https://alpha.acquirer.test/v1", "http://127.0.0.1:4001/v1"],
  [
    '[{"name":"alpha","url":"https://alpha.acquirer.test"},{"name":"beta","url":"https://beta.acquirer.test"}]',
    '[{"name":"alpha","url":"http://127.0.0.1:4001"},{"name":"beta","url":"https://beta.acquirer.test"}]',
  ],
  ["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool", "http://127.0.0.1:4002/eu-west-1_pool"],
  [
    "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool2",
    "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool2",
  ],
  ["https://alpha.acquirer.test.example.com", "https://alpha.acquirer.test.example.com"],
  ["tallystick-local-payments", "tallystick-local-payments"],
])("%s resolves to %s", (text, resolved) => {
  expect(resolveHosts(text, hosts)).toBe(resolved);
});

test("the sandbox acquirers are those that the functions' variables name", () => {
  const variables = [
    '[{"url":"https://alpha.acquirer.test"},{"url":"https://beta.acquirer.test"}]',
    "https://alpha.acquirer.test",
    "https://real-acquirer.example.com",
  ];
  expect(sandboxAcquirersIn(variables)).toEqual(["alpha", "beta"]);
});
