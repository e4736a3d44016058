// What went wrong, as a status for programs, a code for support and a sentence for people.

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Codes of the worker that the sender can mend; every other one is the server's own trouble. */
const statusOfCode: Record<string, number> = {
  invalid_json: 400,
  invalid_input: 400,
  missing_image: 400,
  too_many_images: 400,
  bad_base64: 400,
  empty_image: 400,
  unsupported_media: 400,
  truncated_image: 400,
  undecodable_image: 400,
  not_an_image: 400,
  prompt_too_long: 400,
  unsupported: 400,
  too_large: 413,
  too_many_pixels: 413,
  overloaded: 503,
  out_of_memory: 503,
  unavailable: 503,
};

interface WorkerError {
  error_type?: unknown;
  error_message?: unknown;
  retryable?: unknown;
}

/** A failed job's `error`: from the worker it is JSON in a string, from the platform itself a plain sentence. */
export function problemOfJob(error: unknown): Problem {
  const told = parsed(error);
  const code = typeof told.error_type === "string" ? told.error_type : "job_failed";
  const status = statusOfCode[code] ?? (told.retryable === true ? 503 : 502);
  const mendable = status === 400 || status === 413;
  if (mendable && typeof told.error_message === "string") return new Problem(status, code, told.error_message);

  console.error("job failed:", error); // for whoever runs the server; the browser gets no inner details
  return status === 503
    ? new Problem(503, code, "The captioner is busy at the moment. Try again in a few seconds.")
    : new Problem(502, code, "The captioner could not describe this picture. Try again, or try another one.");
}

function parsed(error: unknown): WorkerError {
  if (typeof error !== "string") return isRecord(error) ? error : {};
  try {
    const value: unknown = JSON.parse(error);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
