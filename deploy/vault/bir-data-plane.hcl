# What a data plane may do at Vault or OpenBao, if it has an identity of its own there: read secrets below bir/, and
# nothing else. For a mount other than secret/, change the first part of each path.

# KV version 2
path "secret/data/bir/*" { capabilities = ["read"] }

# KV version 1
path "secret/bir/*" { capabilities = ["read"] }
