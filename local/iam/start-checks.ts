import { deliveryActionOf } from "../delivery/actions.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";
import { deliveriesIn, notificationsIn, type PlannedDelivery } from "./deliveries.ts";
import { unreadableDeliveriesIn } from "./delivery-access.ts";
import { undeliverableOutcomesIn } from "./destination-access.ts";
import type { Guard } from "./guard.ts";
import { type Permits, unreadableSourcesIn } from "./source-access.ts";
import { untrustedIn } from "./trust.ts";

/**
 * What IAM has a deploy fail with is said before anything starts.
 * @throws Refusal that names each resource that AWS would refuse to make, why, and what to add.
 */
export function checkDeployable(plan: Plan, guard: Guard): void {
  const permits: Permits = (roleArn, action, resource) =>
    guard.refuseDelivery({ roleArn }, action, resource) === undefined;
  const refused = [
    ...untrustedIn(plan),
    ...unreadableSourcesIn(plan, permits),
    ...unreadableDeliveriesIn(plan, permits),
    ...undeliverableOutcomesIn(plan, permits),
    ...refusedOf(notificationsIn(plan), guard).map(
      ({ from, remedy }) =>
        `${from}: Unable to validate the following destination configurations (${remedy})`,
    ),
  ];
  if (refused.length > 0) throw new Refusal(`AWS would not deploy the plan: ${refused.join("; ")}`);
}

/** What AWS deploys and then does not deliver, each with what to add. One line each. */
export function undeliverableIn(plan: Plan, guard: Guard): readonly string[] {
  const lines = refusedOf(deliveriesIn(plan), guard).map(
    ({ from, targetArn, remedy }) => `${from} does not reach ${targetArn}, here as on AWS: ${remedy}`,
  );
  return [...new Set(lines)];
}

/** What its target, or its sender's role, does not let through. */
function refusedOf(
  deliveries: readonly PlannedDelivery[],
  guard: Guard,
): readonly (PlannedDelivery & { readonly remedy: string })[] {
  return deliveries.flatMap((delivery) => {
    const { sender, targetArn } = delivery;
    const action = deliveryActionOf(targetArn);
    // Services put events of their own on a bus without being asked.
    if ("service" in sender && action === "events:PutEvents") return [];
    if (action === undefined || guard.refuseDelivery(sender, action, targetArn) === undefined) return [];
    const remedy =
      "service" in sender
        ? `let ${sender.service} do ${action} for ${sender.sourceArn} in the policy of ${targetArn}`
        : `grant ${sender.roleArn} ${action} on ${targetArn}`;
    return [{ ...delivery, remedy }];
  });
}
