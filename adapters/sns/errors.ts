/** SNS did not answer, or refused us for now. The same call may be made again. */
export class TopicUnavailable extends Error {
  override readonly name = "TopicUnavailable";
}

/** SNS says that it did not take a message: it may be published again. */
export class NewsRefused extends Error {
  override readonly name = "NewsRefused";
}
