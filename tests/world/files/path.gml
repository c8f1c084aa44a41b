graph [
  node [ id "a" ]
  node [ id "b" ]
  node [ id "c" ]
  edge [ source "a" target "b" delay "20 ms" ]
  edge [ source "b" target "c" rate "56 kbit/s" ]
]
