-- For wrk: posts the file that is its argument, prints what it found as JSON in the last line.

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  local file = assert(io.open(args[1], "rb"))
  wrk.body = file:read("*a")
  file:close()
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests_per_second": %.17g, "p50": %.17g, "p99": %.17g, "failed": %d}\n',
    1e6 * summary.requests / summary.duration,
    1e-6 * latency:percentile(50),
    1e-6 * latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
