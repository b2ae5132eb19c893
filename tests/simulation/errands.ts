import { Process } from "./process.ts";
import type { World } from "./world.ts";

const skewMsMax = 5 * 60_000;
/** As a queue, or a schedule, brings it again: after its visibility timeout. */
const againMs = 30_000;
const triesMax = 40;

interface Errand {
  readonly name: string;
  readonly subject: string;
  readonly book: string;
}

/** A process that does something once, for a payment. What it throws, or its death, is the caller's to handle. */
export function runErrand(
  world: World,
  { name, subject, book }: Errand,
  work: () => Promise<void>,
  onEnd: (ended: "done" | "lost") => void = () => undefined,
): void {
  const { faults, observer } = world;
  const skewMs = faults.strikes("clock_skew") ? faults.of("clock_skew").between(-skewMsMax, skewMsMax) : 0;
  let isOver = false;
  const end = (ended: "done" | "lost") => {
    if (!isOver) onEnd(ended);
    isOver = true;
  };
  const process = new Process(world, name, skewMs, { subject, book }, () => end("lost"));
  process.run(work).then(
    () => end("done"),
    (error: Error) => {
      // Starting a saga that is refused is foreseen: whoever brings the errand brings it again.
      if (!process.struck.includes("saga_not_started") && !process.struck.includes("saga_answer_lost"))
        observer.taskFailed(process, error);
      end("lost");
    },
  );
}

/** The same, brought again until it is done. */
export function persist(world: World, errand: Errand, work: () => Promise<void>, tries = triesMax): void {
  runErrand(world, errand, work, (ended) => {
    if (ended === "done") return;
    if (tries <= 1) world.observer.report("liveness", errand.subject, `${errand.name} was never done`);
    else world.scheduler.schedule(againMs, () => persist(world, errand, work, tries - 1));
  });
}
