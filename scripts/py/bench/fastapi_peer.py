"""What people write today around a captioner: FastAPI's two routes, without the captioner. uvicorn runs it."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Job(BaseModel):
    image_base64: str
    prompt: str | None = None


@app.get("/health")
async def health():
    return {"status": "ready", "gpu_available": False}


@app.post("/caption")
async def caption(job: Job):
    return {"caption": "a scripted picture", "processing_time": 0.0, "bytes": len(job.image_base64)}
