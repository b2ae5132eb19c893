import { createAccount } from "./account.ts";
import { createEstate } from "./estate.ts";
import { createOrganization } from "./organization.ts";
import type { Settings } from "./settings.ts";

/** All of a stage, whatever its kind. */
export function createStage(settings: Settings): Promise<Readonly<Record<string, $util.Output<string>>>> {
  switch (settings.kind) {
    case "estate":
      return createEstate(settings);
    case "account":
      return createAccount(settings);
    case "organization":
      return createOrganization(settings);
  }
}
