"""Settings that gunicorn reads when it is started in this folder."""

import os

wsgi_app = "app:load_app()"
bind = "127.0.0.1:8000"
preload_app = True
worker_class = "uvicorn_worker.UvicornWorker"
workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
control_socket_disable = True  # the socket would be a file in the home folder
