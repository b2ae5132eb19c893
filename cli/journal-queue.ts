import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Against } from "#adapters/books/finance.ts";
import type { StoreConnection } from "./connection.ts";
import { clientOf } from "./stage-client.ts";

/**
 * Files of the journal whose records the books do not have yet: those that wait or are worked on, and those that were
 * given up. What the stream has not delivered is in none of them.
 */
export async function journalFilesOf(connection: StoreConnection): Promise<readonly Against[]> {
  const { tablePrefix } = connection;
  const sqs = new SQSClient(clientOf(connection));
  const messagesIn = async (QueueName: string): Promise<number> => {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: [
          "ApproximateNumberOfMessages",
          "ApproximateNumberOfMessagesNotVisible",
          "ApproximateNumberOfMessagesDelayed",
        ],
      }),
    );
    return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
  };
  try {
    const [waiting, givenUp] = await Promise.all([
      messagesIn(`${tablePrefix}journal-files`),
      messagesIn(`${tablePrefix}journal-files-unread`),
    ]);
    return [
      ...(waiting > 0 ? [{ what: "journal_files_waiting", items: waiting } as const] : []),
      ...(givenUp > 0 ? [{ what: "journal_files_given_up", items: givenUp } as const] : []),
    ];
  } finally {
    sqs.destroy();
  }
}
