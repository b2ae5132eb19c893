import { execFile } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "#local/plan/plan.ts";
import { lockedStages, lockOf, production, projectRoot } from "./committed-plan.ts";

const renderer = join(projectRoot, "tests/estate/render/cli.ts");

interface Ended {
  readonly exitCode: number;
  readonly errors: string;
}

function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: projectRoot }, (error, stdout, stderr) =>
      resolve(
        error === null
          ? { exitCode: 0, errors: stderr }
          : { exitCode: Number(error.code), errors: stderr + stdout },
      ),
    );
  });
}

beforeAll(async () => {
  const { exitCode, errors } = await run(process.execPath, [renderer, "--unpack-only"]);
  expect(exitCode, errors).toBe(0);
});

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tallystick-render-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A render takes over its process, so each one has its own. */
async function render(
  stage: string,
  root = projectRoot,
  ...options: string[]
): Promise<Ended & { readonly text: () => string }> {
  const out = join(folder, `${stage}.json`);
  const ended = await run(process.execPath, [
    renderer,
    "--root",
    root,
    "--stage",
    stage,
    "--out",
    out,
    ...options,
  ]);
  return { ...ended, text: () => readFileSync(out, "utf8") };
}

/** The project with handlers that do nothing. */
function copyOfProject(): string {
  const root = join(folder, "project");
  for (const copied of ["sst.config.ts", "stacks", "package.json", "functions/canary"]) {
    cpSync(join(projectRoot, copied), join(root, copied), { recursive: true });
  }
  for (const linked of ["workflows", "tests", "adapters"])
    symlinkSync(join(projectRoot, linked), join(root, linked));
  const declarations = globSync("stacks/*.ts", { cwd: root })
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
  for (const [, path = ""] of declarations.matchAll(/handler: "(.+)\.handler"/g)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, `${path}.ts`), "export const handler = (): void => {};");
  }
  return root;
}

/** The same, with one text of a file replaced. */
function projectWith(file: string, text: string, replacement: string): string {
  const root = copyOfProject();
  const source = readFileSync(join(root, file), "utf8");
  if (!source.includes(text)) throw new Error(`${file} does not contain ${text}`);
  writeFileSync(join(root, file), source.replace(text, replacement));
  return root;
}

describe("the lock of the estate", () => {
  it.each(lockedStages)("%s is what the estate renders to", async (stage) => {
    const { exitCode, errors, text } = await render(stage);
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" });
    expect(readFileSync(lockOf(stage), "utf8"), "The lock is stale: run `npm run estate:lock`.").toBe(text());
  });

  it.each(lockedStages)("%s holds no path of the machine that rendered it", (stage) => {
    const lock = readFileSync(lockOf(stage), "utf8");
    expect(lock).not.toContain(projectRoot);
    expect(lock).not.toContain(tmpdir());
  });
});

describe("the stacks", () => {
  it("fit SST's own types", async () => {
    const compiler = join(projectRoot, "node_modules/.bin/tsc");
    expect(await run(compiler, ["-p", "stacks"])).toEqual({ exitCode: 0, errors: "" });
  });
});

describe("a production estate", () => {
  it("keeps its data, whatever becomes of the stage", () => {
    const tables = production.ofType("aws:dynamodb/table:Table");
    expect(tables).toHaveLength(7);
    for (const { inputs, options } of tables) {
      expect(inputs).toMatchObject({
        deletionProtectionEnabled: true,
        pointInTimeRecovery: { enabled: true },
      });
      expect(options).toMatchObject({ retainOnDelete: true });
    }
    const keys = production.ofType("aws:kms/key:Key");
    expect(keys.length).toBeGreaterThanOrEqual(5);
    for (const { inputs, options } of keys) {
      expect(inputs).toMatchObject({ deletionWindowInDays: 30 });
      // A table that outlives its key is lost.
      expect(options).toMatchObject({ retainOnDelete: true });
    }
    for (const { name, options } of production.ofType("aws:s3/bucket:Bucket"))
      expect(options, name).toMatchObject({ retainOnDelete: true });
    // Books and their evidence are kept for ten years.
    expect(production.resource("InboundBucketLifecycle").inputs).toMatchObject({
      rules: [{ expiration: { days: 11 * 366 } }],
    });
  });
});

describe("an estate with acquirers of its own", () => {
  const root = () =>
    projectWith(
      "stacks/settings.ts",
      "awsAccount: company.accounts.dev,\n    acquirers: [],",
      'awsAccount: company.accounts.dev, acquirers: [{ name: "gamma", url: "https://gamma.example", currencies: ["EUR"], cost_bp: 20 }],',
    );
  const secrets = { AcquirerApiKeys: "api-keys", AcquirerNotificationSecrets: "notification-secrets" };
  afterEach(() => {
    for (const name of Object.keys(secrets)) delete process.env[`SST_SECRET_${name}`];
  });

  it("gives each function the secrets that it needs, and no other", async () => {
    for (const [name, value] of Object.entries(secrets)) process.env[`SST_SECRET_${name}`] = value;
    const { errors, text } = await render("dev", root());
    expect(errors).toBe("");
    const { resources } = JSON.parse(text()) as Plan;
    const given = resources.flatMap(({ type, parent, inputs }) => {
      if (type !== "aws:lambda/function:Function") return [];
      const { variables } = inputs["environment"] as { variables: Readonly<Record<string, string>> };
      return Object.entries(variables)
        .filter(([name]) => name.startsWith("ACQUIRER_"))
        .map((variable) => [parent, ...variable].join(" "));
    });
    const asking = [
      "AuthorizeTask",
      "CompensateTask",
      "DisputeTask",
      "GiveBackTask",
      "RecoverTask",
      "ResumeTask",
      "SettleTask",
    ];
    expect(given.toSorted()).toEqual([
      "AcquirersApi ACQUIRER_NOTIFICATION_SECRETS notification-secrets",
      ...asking.map((name) => `${name} ACQUIRER_API_KEYS api-keys`),
    ]);
  });

  it("is not deployed without their secrets", async () => {
    const { exitCode, errors } = await render("dev", root());
    expect(exitCode).toBe(1);
    expect(errors).toContain("AcquirerApiKeys");
  });
});

describe("the first deployment of a stage with a cluster", () => {
  it("puts nothing into the cluster, and makes all that the pipeline's first run needs to do so", async () => {
    const root = projectWith(
      "stacks/settings.ts",
      "reconciler: { imageTag: undefined, podsMin: 2, podsMax: 20 }",
      "reconciler: undefined",
    );
    const { errors, text } = await render("production", root);
    expect(errors).toBe("");
    const { resources } = JSON.parse(text()) as Plan;
    const inside = /^(kubernetes|docker-build|pulumi:providers:kubernetes)/;
    expect(resources.filter(({ type }) => inside.test(type))).toEqual([]);
    const names = new Set(resources.map(({ name }) => name));
    for (const name of ["Cluster", "ClusterDeployer", "ClusterFromBuilds", "DeployBuild", "Pipeline"])
      expect(names.has(name), name).toBe(true);
    // The second deployment adds, and takes nothing away.
    const later = new Set(production.resources.map(({ name }) => name));
    expect([...names].filter((name) => !later.has(name))).toEqual([]);
  });
});

describe("a mistake", () => {
  it("in the account is refused before anything is created, with what to set", async () => {
    const { exitCode, errors } = await render("production", projectRoot, "--account", "210987654321");
    expect(exitCode).toBe(1);
    expect(errors).toContain(
      "These credentials are of account 210987654321, and stage production belongs to account 123456789012",
    );
    expect(errors).toContain("stacks/company.ts");
  });

  it.each([
    ["that is missing", ""],
    ["that is an address", "https://payments.example.com/"],
    ["that is no full name", "tallystick"],
  ])("of a domain %s is refused before anything is created, with what to set", async (_name, domain) => {
    const root = projectWith("stacks/company.ts", '"tallystick.example"', JSON.stringify(domain));
    const { exitCode, errors } = await render("production", root);
    expect(exitCode).toBe(1);
    expect(errors).toContain(`"${domain}" is no domain: set domain in stacks/company.ts to your own`);
  });

  /** A company that says who it is. @param bankAccount as the file says it */
  function ownCompany(bankAccount: string): string {
    const example = [
      'domain: "tallystick.example",\n  accounts: {\n    dev: "111122223333",\n    staging: "444455556666",',
      '\n    production: "123456789012"',
    ].join("");
    const own = example.replace("tallystick.example", "pay.acme.eu").replace("123456789012", "210987654321");
    const root = projectWith("stacks/company.ts", example, own);
    const file = join(root, "stacks/company.ts");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace('bankAccount: "222233334444"', `bankAccount: ${bankAccount}`),
    );
    return root;
  }

  it("of a bank that is the example is refused: somebody else could leave statements", async () => {
    const { exitCode, errors } = await render("production", ownCompany('"222233334444"'));
    expect(exitCode).toBe(1);
    expect(errors).toContain("The bank's account 222233334444 is the example: set bankAccount");
  });

  it("of a deployment from outside of the cluster's network is refused, with who deploys instead", async () => {
    const { exitCode, errors } = await render("production", ownCompany("undefined"));
    expect(exitCode).toBe(1);
    expect(errors).toContain("production has pods, and its cluster has no address outside of its network");
  });

  it("in the name of the stage is refused before anything is rendered", async () => {
    const { exitCode, errors } = await render("prodution");
    expect(exitCode).toBe(1);
    expect(errors).toContain(
      '"prodution" is not a stage of tallystick. Stages: local, dev, staging, production',
    );
  });

  it("in the path of a handler is named, with the stack that holds it", async () => {
    const root = projectWith(
      "stacks/functions.ts",
      "functions/tasks/post.handler",
      "functions/tasks/pots.handler",
    );
    const { exitCode, errors } = await render("local", root);
    expect(exitCode).toBe(1);
    expect(errors).toContain(
      "stacks/functions.ts: PostTask: there is no handler functions/tasks/pots.handler",
    );
  });

  it("in the export of a handler is named", async () => {
    const root = projectWith(
      "stacks/functions.ts",
      "functions/tasks/post.handler",
      "functions/tasks/post.handle",
    );
    const { exitCode, errors } = await render("local", root);
    expect(exitCode).toBe(1);
    expect(errors).toContain('PostTask: functions/tasks/post.ts does not export "handle"');
  });

  it("in a stack is named with its line, also inside apply()", async () => {
    const root = projectWith("stacks/processing.ts", "PostFunctionArn:", "PostedFunctionArn:");
    const { exitCode, errors } = await render("local", root);
    expect(exitCode).toBe(1);
    expect(errors).toContain("which stacks/processing.ts does not create");
    expect(errors).toMatch(/at stacks\/processing\.ts:\d+/);
  });

  it("of a cluster without a network is refused, with what to set", async () => {
    const network = 'network: { addressPrefix: "10.20", zones: 3, nat: "one" }';
    const { exitCode, errors } = await render(
      "staging",
      projectWith("stacks/settings.ts", network, "network: undefined"),
    );
    expect(exitCode).toBe(1);
    expect(errors).toContain("staging has a cluster and no network for it (stacks/settings.ts)");
  });

  it("of a grant on everything is refused without a reason", async () => {
    const root = projectWith("stacks/lambda.ts", '"xray:PutTraceSegments"', '"kms:Decrypt"');
    const { exitCode, errors } = await render("local", root);
    expect(exitCode).toBe(1);
    expect(errors).toContain('kms:Decrypt: granted on "*" without a reason');
  });

  it("that only the sst binary sees, an import at the top of sst.config.ts, is found here too", async () => {
    const top = 'import { settingsOf } from "./stacks/settings.ts";\nexport default';
    const { exitCode, errors } = await render("local", projectWith("sst.config.ts", "export default", top));
    expect(exitCode).toBe(1);
    expect(errors).toContain("sst.config.ts: SST refuses the import at its top");
  });
});
