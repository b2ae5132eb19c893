import { named, type Rules, text } from "./forms.ts";

/** Queues, streams, rules. */
export const events: Rules = {
  "aws:cloudwatch/eventRule:EventRule": (made) => named(made, "events", "rule/"),
  "aws:cloudwatch/eventTarget:EventTarget": ({ name }) => ({ id: name }),
  "aws:kinesis/stream:Stream": (made) => named(made, "kinesis", "stream/"),
  "aws:sqs/queue:Queue": (made) => {
    const { id: name, arn } = named(made, "sqs", "");
    const url = `https://sqs.${made.region}.amazonaws.com/${made.account}/${name}`;
    return { id: url, url, arn };
  },
  "aws:sqs/queuePolicy:QueuePolicy": ({ inputs }) => ({ id: text(inputs["queueUrl"]) }),
};
