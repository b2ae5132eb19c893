// Runs at CloudFront (cloudfront-js-2.0) before each request goes to the API: nothing is imported, nothing is kept.
//
// WAF blocks a body by its size, and cannot answer 431: not a status code that its rules may give. So headers are
// measured here, behind it. The limit is under the gateway's own (10,240 bytes), whose answer cannot be shaped.

/** Names and values of all headers, in bytes. */
var headerBytesMax = 8192;

/** As WAF's answers are, in their media type too: a caller sees one edge. */
var tooLarge = {
  statusCode: 431,
  statusDescription: "Request Header Fields Too Large",
  headers: { "content-type": { value: "application/json" } },
  body: JSON.stringify({
    type: "about:blank",
    title: "The request headers are larger than 8 KB",
    status: 431,
    code: "headers_too_large",
  }),
};

// CloudFront calls it by this name.
// biome-ignore lint/correctness/noUnusedVariables: see above
function handler(event) {
  var request = event.request;
  var bytes = 0;
  Object.keys(request.headers).forEach((name) => {
    var header = request.headers[name];
    (header.multiValue || [header]).forEach((each) => {
      bytes += name.length + each.value.length;
    });
  });
  Object.keys(request.cookies || {}).forEach((name) => {
    var cookie = request.cookies[name];
    (cookie.multiValue || [cookie]).forEach((each) => {
      bytes += name.length + each.value.length;
    });
  });
  return bytes > headerBytesMax ? tooLarge : request;
}
