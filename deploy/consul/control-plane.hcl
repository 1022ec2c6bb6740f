# ACL rules for the token of a control plane: control.consul.tokenFile. `triplane` is control.consul.prefix.
key_prefix "triplane/" {
  policy = "write"
}

service "triplane-control-plane" {
  policy = "write"
}

# Without it the catalog answers with an empty list.
node_prefix "" {
  policy = "read"
}

# One for each service of control.import.
# service "web" {
#   policy = "read"
# }
