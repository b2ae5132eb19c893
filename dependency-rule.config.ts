import type { ICruiseOptions, IForbiddenRuleType } from "dependency-cruiser";

/**
 * The house's dependency rule. `tests/contract/dependency-rule.test.ts` applies it, proves that it bites, and that
 * the cruiser sees modules at all: without a parser for TypeScript it finds none and passes.
 */

/** The folder imports nothing of the house but itself and what is named. Tests may lean on more. */
const only = (folder: string, ...mayImport: readonly string[]): IForbiddenRuleType => ({
  name: `${folder}-imports-only-its-own`,
  severity: "error",
  from: { path: `^${folder}/`, pathNot: "[.]test[.]ts$" },
  to: {
    path: "^(core|adapters|workflows|functions|reconciler|local|cli|stacks|tests|bench)/",
    pathNot: [folder, ...mayImport].map((allowed) => `^${allowed}/`),
  },
});

export const forbidden: IForbiddenRuleType[] = [
  only("core"),
  only("adapters", "core"),
  only("workflows", "core"),
  only("functions", "core", "adapters", "workflows"),
  only("reconciler", "core", "adapters", "workflows"),
  only("local", "core", "adapters", "workflows"),
  only("cli", "core", "adapters", "workflows"),
  {
    name: "nobody-imports-stacks",
    severity: "error",
    from: { path: "^(core|adapters|workflows|functions|reconciler|local|cli|tests|bench)/" },
    to: { path: "^stacks/.*[.]ts$" },
  },
  {
    name: "core-is-pure",
    comment: "No I/O, no AWS, no clock. Hashing is computation; zod describes events.",
    severity: "error",
    from: { path: "^core/", pathNot: "[.]test[.]ts$" },
    to: {
      dependencyTypes: ["core", "npm", "npm-dev", "npm-optional"],
      pathNot: ["^(node:)?crypto$", "node_modules/zod/"],
    },
  },
  {
    name: "zod-in-core-describes-events-only",
    severity: "error",
    from: { path: "^core/", pathNot: ["^core/events/", "[.]test[.]ts$"] },
    to: { path: "node_modules/zod/" },
  },
  {
    name: "what-ships-uses-no-dev-dependency",
    severity: "error",
    from: { path: "^(core|adapters|workflows|functions|reconciler)/", pathNot: "[.]test[.]ts$" },
    to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "node_modules/@types/" },
  },
  {
    name: "no-cycles",
    severity: "error",
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
  },
  { name: "no-unresolved-import", severity: "error", from: {}, to: { couldNotResolve: true } },
];

export const options: ICruiseOptions = {
  parser: "swc",
  tsPreCompilationDeps: true,
  detectProcessBuiltinModuleCalls: true,
  doNotFollow: { path: "node_modules" },
  enhancedResolveOptions: {
    extensions: [".ts", ".js", ".mjs", ".json", ".d.ts"],
    exportsFields: ["exports"],
    conditionNames: ["import", "require", "node", "default", "types"],
    mainFields: ["module", "main", "types"],
  },
};
