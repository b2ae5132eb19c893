import type { DisputePorts } from "#core/disputes/ports.ts";
import { look } from "#core/disputes/steps/look.ts";
import { open } from "#core/disputes/steps/open.ts";
import { type DisputeOutput, disputeInput } from "#workflows/dispute/contract.ts";
import { taskOf } from "./task.ts";

/** One look at a dispute: it is opened unless it is there, and what is to be done is done. */
export const disputeTask = (ports: DisputePorts) =>
  taskOf(
    disputeInput,
    async ({ book, dispute, told, attempt, execution }, deadline): Promise<DisputeOutput> => {
      if (told !== null) await open(ports, told, { execution });
      const looked = await look(ports, { book, id: dispute, attempt, execution, deadline });
      const common = { book, dispute, attempt };
      if (looked.outcome === "concluded")
        return { ...common, outcome: looked.outcome, reason: looked.dispute.state, wait: 0 };
      const { outcome, reason, wait } = looked;
      return { ...common, outcome, reason, wait };
    },
    (output) => output,
  );
