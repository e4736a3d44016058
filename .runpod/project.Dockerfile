# The image of `runpodctl project`, which comes in by SSH, copies the project and starts a Python handler on it:
#   docker build -f .runpod/project.Dockerfile --build-arg IMAGE=YOU/vignette:0.1.0 -t YOU/vignette-project:0.1.0 .runpod
ARG IMAGE
FROM $IMAGE
RUN apt-get update && apt-get install -y --no-install-recommends \
        openssh-server rsync python3-venv python3-virtualenv inotify-tools zstd git procps lsof sudo wget && \
    rm -rf /var/lib/apt/lists/* && mkdir -p /run/sshd && touch /etc/rp_environment /root/.bashrc
# A pod waits for SSH, with the key that RunPod passes; an endpoint is started by runpodctl's own command instead.
CMD ["sh", "-c", "mkdir -p -m 700 ~/.ssh && echo \"$PUBLIC_KEY\" >~/.ssh/authorized_keys && exec /usr/sbin/sshd -D"]
