module peer

go 1.21

require github.com/coze-dev/coze-go v0.0.0-20260408095536-f47b4f256580

require (
	github.com/golang-jwt/jwt/v5 v5.2.2 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
)
