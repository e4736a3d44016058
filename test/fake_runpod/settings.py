"""What can be set about the fake, at its start and later by POST /control/settings."""

from dataclasses import dataclass, fields

MB = 1_000_000


@dataclass
class Settings:
    key: str = ""  # empty: nobody is asked for a key
    hold_s: float = 5.0  # how long an idle job-take or job-stop is held open
    stream_hold_s: float = 0.5  # how long an empty /stream is held open
    lease_s: float = 3.0  # a job that no ping has listed for so long goes back to the queue
    attempts_max: int = 0  # hand-outs after which a job has failed; 0: no limit
    done_bytes_max: int = 20 * MB
    chunk_bytes_max: int = 1 * MB
    run_bytes_max: int = 10 * MB
    runsync_bytes_max: int = 20 * MB
    record: bool = True  # keep the worker's requests for /control/exchanges
    exchanges_max: int = 5000
    recorded_bytes_max: int = 64 * 1024  # of each body

    def change(self, values):
        known = {field.name: field.type for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no setting {name}; the settings are: {', '.join(known)}")
            setattr(self, name, known[name](value))
