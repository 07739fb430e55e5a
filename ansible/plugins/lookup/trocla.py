# Copyright (c) 2026 the trocla authors
# SPDX-License-Identifier: MIT
"""Ansible's lookup plug-in for trocla's store of passwords."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
name: trocla
short_description: passwords and hashes out of trocla's store
description:
  - Gives the value of a key in a format. What is not stored yet is made and stored, so that every run sees the same.
  - It asks the daemon C(trocla serve) on its Unix socket. Where there is none, it runs the command C(trocla).
  - All other keyword arguments are options of the value, as C(length), C(charset), C(profiles) or C(username).
options:
  _terms:
    description: Keys in the store.
    type: list
    elements: str
    required: true
  format:
    description: As C(plain), C(sha512crypt), C(yescrypt), C(mysql), C(pgsql), C(x509); C(trocla formats) prints all.
    type: str
    default: plain
  create:
    description: Whether what is not stored is made; else it is an error.
    type: bool
    default: true
  socket:
    description:
      - The daemon's socket; where it is said, the command is not run instead.
      - Else C($XDG_RUNTIME_DIR/trocla.sock) and C(/run/trocla/trocla.sock), the first that somebody listens on.
    type: path
    env:
      - name: TROCLA_SOCKET
    ini:
      - section: trocla
        key: socket
  command:
    description: The command, where there is no daemon.
    type: str
    default: trocla
    env:
      - name: TROCLA_COMMAND
    ini:
      - section: trocla
        key: command
  timeout:
    description: Seconds that it waits for an answer.
    type: float
    default: 30
    ini:
      - section: trocla
        key: timeout
"""

EXAMPLES = r"""
- name: An account with a password of its own
  ansible.builtin.user:
    name: alice
    password: "{{ lookup('trocla', 'user_alice', format='yescrypt') }}"

- name: A long password in a file
  ansible.builtin.copy:
    dest: /etc/app/db.conf
    mode: "0600"
    content: "password={{ lookup('trocla', 'app_db', length=32, charset='shellsafe') }}\n"
  no_log: true

- name: Only what is stored, of several keys
  ansible.builtin.set_fact:
    hashes: "{{ query('trocla', 'user_alice', 'user_bob', format='yescrypt', create=false) }}"
"""

RETURN = r"""
_raw:
  description: The values, one for each key.
  type: list
  elements: str
"""

import errno
import http.client
import json
import os
import socket
import subprocess

from ansible.errors import AnsibleError, AnsibleOptionsError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

display = Display()

OWN = ("format", "create", "socket", "command", "timeout")
# The daemon's limit, and more than the command needs at a time.
MOST_KEYS = 1000


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        own = {name: value for name, value in kwargs.items() if name in OWN}
        self.set_options(var_options=variables, direct=own)
        options = {name: plain(value) for name, value in kwargs.items() if name not in OWN}
        reserved = [name for name in options if name in ("key", "keys", "value", "raw")]
        if reserved:
            raise AnsibleOptionsError("trocla: %s is no option of a value" % reserved[0])
        if len(self.get_option("format").split()) != 1:
            raise AnsibleOptionsError("trocla: a format is one word, as sha512crypt")
        keys = [str(term) for term in terms]
        values = []
        for begin in range(0, len(keys), MOST_KEYS):
            values += self._values(keys[begin : begin + MOST_KEYS], options)
        return values

    def _values(self, keys, options):
        asked = "%s (%s)" % (", ".join(json.dumps(key) for key in keys), self.get_option("format"))
        try:
            answers = self._answers(keys, options)
        except Unavailable as error:
            raise AnsibleError("trocla: %s: %s" % (asked, error))
        if not is_answer(answers, len(keys)):
            raise AnsibleError("trocla: %s: what answered is no trocla daemon" % asked)
        return [self._value(key, answer) for key, answer in zip(keys, answers)]

    def _value(self, key, answer):
        for warning in answer.get("warnings") or []:
            display.warning("trocla: %s" % warning)
        if isinstance(answer.get("value"), str):
            return answer["value"]
        error = answer.get("error")
        error = error if isinstance(error, dict) else {"message": "no value in the answer"}
        said = ". ".join(str(error[part]) for part in ("message", "hint") if error.get(part))
        raise AnsibleError("trocla: %s (%s): %s" % (json.dumps(key), self.get_option("format"), said))

    def _answers(self, keys, options):
        path = self.get_option("socket")
        if path:
            return self._ask_daemon(path, keys, options)
        for path in default_sockets():
            try:
                return self._ask_daemon(path, keys, options)
            except NobodyListens:
                # It is not there, or a daemon that was killed has left it.
                pass
        return self._run_command(keys, options)

    def _ask_daemon(self, path, keys, options):
        body = dict(options, format=self.get_option("format"), keys=[{"key": key} for key in keys])
        connection = UnixConnection(path, self.get_option("timeout"))
        try:
            connection.request(
                "POST",
                "/v1/create" if self.get_option("create") else "/v1/get",
                json.dumps(body).encode("utf-8"),
                {"Content-Type": "application/json"},
            )
            answer = json.loads(connection.getresponse().read().decode("utf-8"))
        except socket.timeout:
            raise self._too_late("the daemon on %s" % path)
        except OSError as error:
            raise unreachable(path, error)
        except (http.client.HTTPException, ValueError):
            raise Unavailable("what answers on %s is no trocla daemon" % path)
        finally:
            connection.close()
        if isinstance(answer, dict):
            return [answer] * len(keys)
        return answer

    def _run_command(self, keys, options):
        command = [self.get_option("command"), "create" if self.get_option("create") else "get", "--batch"]
        if not self.get_option("create"):
            command.append("--no-create")
        # On standard input, where nobody who lists processes sees it.
        form = self.get_option("format")
        lines = ["%s %s %s\n" % (json.dumps(key), form, json.dumps(options)) for key in keys]
        try:
            done = subprocess.run(
                command,
                input="".join(lines).encode("utf-8"),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=self.get_option("timeout"),
            )
            answers = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
        except subprocess.TimeoutExpired:
            raise self._too_late("the command %s" % command[0])
        except OSError as error:
            raise Unavailable(
                "there is no daemon, and the command %s can't be run (%s). Start one (systemctl start trocla), install "
                "trocla, or name the one with socket and the other with command" % (command[0], error.strerror)
            )
        except ValueError:
            raise Unavailable("the command %s did not print what trocla prints" % command[0])
        if done.returncode != 0 and not answers:
            raise Unavailable(done.stderr.decode("utf-8", "replace").strip() or "the command failed")
        return answers

    def _too_late(self, who):
        return Unavailable(
            "%s did not answer in %g s. What takes that long to make may be there at the next run; or raise timeout"
            % (who, self.get_option("timeout"))
        )


class Unavailable(Exception):
    """There is no answer; says why, and what to do."""


class NobodyListens(Unavailable):
    """There is no daemon."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP through a Unix socket."""

    def __init__(self, path, timeout):
        super(UnixConnection, self).__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def default_sockets():
    """The sockets of daemons with the default configuration, the user's own before root's."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    own = [os.path.join(runtime, "trocla.sock")] if runtime.startswith("/") else []
    return own + ["/run/trocla/trocla.sock"]


def is_answer(answers, count):
    """Whether there is an answer for each key, be it an error."""
    return isinstance(answers, list) and len(answers) == count and all(isinstance(each, dict) for each in answers)


def unreachable(path, error):
    if error.errno in (errno.ENOENT, errno.ECONNREFUSED):
        return NobodyListens("nobody listens on %s. Start the daemon: systemctl start trocla" % path)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unavailable(
            "you may not connect to %s: serve.socket in the daemon's configuration has its mode and group" % path
        )
    if error.errno is None and not isinstance(error, ConnectionError):
        # Python's own: a path that is too long for a socket.
        return Unavailable("%s can't be a socket: %s" % (path, error))
    return Unavailable(
        "the daemon on %s closed the connection without an answer (%s). Its log may say why; what it made is there at the "
        "next run" % (path, error.strerror or type(error).__name__)
    )


def plain(value):
    """An option as JSON has it: Ansible's own texts and maps are subclasses."""
    if isinstance(value, dict):
        return {str(name): plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)
