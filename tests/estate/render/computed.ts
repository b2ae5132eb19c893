import { accounts } from "./computed/accounts.ts";
import { analytics } from "./computed/analytics.ts";
import { api } from "./computed/api.ts";
import { backups } from "./computed/backups.ts";
import { data } from "./computed/data.ts";
import { delivery } from "./computed/delivery.ts";
import { edge } from "./computed/edge.ts";
import { events } from "./computed/events.ts";
import type { Made, Rules } from "./computed/forms.ts";
import { kubernetes } from "./computed/kubernetes.ts";
import { network } from "./computed/network.ts";
import { operations } from "./computed/operations.ts";
import { processing } from "./computed/processing.ts";
import { stores } from "./computed/stores.ts";
import type { Properties } from "./engine.ts";
import { EstateError } from "./errors.ts";

const rules: Rules = {
  ...{ ...accounts, ...analytics, ...api, ...backups, ...data, ...delivery, ...edge, ...events },
  ...{ ...kubernetes, ...network, ...operations, ...processing, ...stores },
};

/**
 * What AWS would compute for a resource, in the true form, and the same in every render: identifiers that AWS draws
 * at random are derived from the logical name.
 * @throws EstateError for a type that is not listed in `computed/`: a guessed ARN would go into policies unseen.
 */
export function computedBy(made: Made): Properties {
  const compute = rules[made.type];
  if (compute === undefined) {
    throw new EstateError(
      `${made.type} (${made.name}): say what AWS computes for it in tests/estate/render/computed/.`,
    );
  }
  return compute(made);
}
