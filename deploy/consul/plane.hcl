# ACL rules for the token of planes, nodes and the command line: cluster.consul.tokenFile.
service "triplane-control-plane" {
  policy = "read"
}

# Planes put themselves into the catalog; not needed with cluster.consul.register: false.
service "triplane-sip-plane" {
  policy = "write"
}

service "triplane-http-plane" {
  policy = "write"
}

service "triplane-smpp-plane" {
  policy = "write"
}

# Without it the catalog answers with an empty list.
node_prefix "" {
  policy = "read"
}
