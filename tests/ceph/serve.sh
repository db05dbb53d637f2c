#!/usr/bin/env bash
# A real S3 server for a test: Ceph's gateway with one monitor and one store in memory, on this machine's loopback, as long as
# standard input is open. Prints `ready` once the bucket `ferry` is there for the key TESTKEY with the secret TESTSECRET.
#
# usage: serve.sh FOLDER PORT-OF-S3 PORT-OF-MONITOR
set -euo pipefail

if [ $# -ne 3 ]; then
  echo "usage: $0 FOLDER PORT-OF-S3 PORT-OF-MONITOR" >&2
  exit 2
fi
folder=$(realpath -m "$1") s3=$2 monitor=$3
mkdir -p "$folder"/{mon,osd,run,log}
cd "$folder"
running=()
end() {
  # The gateway before what it needs.
  for ((i = ${#running[@]} - 1; i >= 0; i--)); do
    kill -KILL "${running[$i]}" 2>/dev/null || true
    wait "${running[$i]}" 2>/dev/null || true
  done
}
trap end EXIT

id=$(cat /proc/sys/kernel/random/uuid)
cat >ceph.conf <<EOF
[global]
fsid = $id
mon host = [v2:127.0.0.1:$monitor]
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
run dir = $folder/run
log file = $folder/log/\$name.log
admin socket = $folder/run/\$name.asok
pid file = $folder/run/\$name.pid
ms bind ipv6 = false
mon max pg per osd = 1000
mon pg warn min per osd = 0
mon data avail warn = 1
mon data avail crit = 1
[mon.a]
mon data = $folder/mon
mon initial members = a
[osd.0]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 1073741824
[client.rgw]
ms mon client mode = crc
rgw frontends = beast endpoint=127.0.0.1:$s3
rgw bucket default quota max objects = -1
rgw enable ops log = false
debug rgw = 0
rgw thread pool size = 32
EOF
unset CEPH_ARGS
ceph() { command ceph -c ceph.conf --connect-timeout 60 "$@"; }
{
  monmaptool --create --fsid "$id" --addv a "[v2:127.0.0.1:$monitor]" monmap
  ceph-mon -c ceph.conf --mkfs -i a --monmap monmap --mon-data mon
  ceph-mon -c ceph.conf -i a --mon-data mon -f &
  running+=($!)
  ceph osd create
  ceph-osd -c ceph.conf -i 0 --mkfs --osd-data osd || true
  ceph osd crush add osd.0 1.0 root=default host=h || true
  ceph-osd -c ceph.conf -i 0 --osd-data osd -f &
  running+=($!)
  for _ in $(seq 300); do
    ceph osd stat | grep -q '1 up' && break
    sleep 0.2
  done
  radosgw -c ceph.conf -n client.rgw -f &
  running+=($!)
  radosgw-admin -c ceph.conf -n client.rgw user create --uid test --display-name test --access-key TESTKEY --secret TESTSECRET
  python3 - "$s3" <<'EOF'
import hashlib, hmac, sys, time, urllib.request
host, day = f"127.0.0.1:{sys.argv[1]}", time.strftime("%Y%m%d", time.gmtime())
def sign(key, text): return hmac.new(key, text.encode(), hashlib.sha256).digest()
for attempt in range(300):
    now, empty = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), hashlib.sha256(b"").hexdigest()
    request = f"PUT\n/ferry\n\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{now}\n\nhost;x-amz-content-sha256;x-amz-date\n{empty}"
    scope = f"{day}/us-east-1/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"AWS4TESTSECRET"
    for part in (day, "us-east-1", "s3", "aws4_request"):
        key = sign(key, part)
    value = f"AWS4-HMAC-SHA256 Credential=TESTKEY/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={sign(key, text).hex()}"
    headers = {"x-amz-content-sha256": empty, "x-amz-date": now, "Authorization": value}
    try:
        urllib.request.urlopen(urllib.request.Request(f"http://{host}/ferry", method="PUT", headers=headers), timeout=60)
        break
    except OSError as problem:
        print(problem, flush=True)
        time.sleep(0.2)
else:
    sys.exit("no bucket could be made")
EOF
} >log/begun 2>&1 || { tail -n 30 log/begun >&2; exit 1; }
echo ready
cat >/dev/null
