# frozen_string_literal: true

require 'net/http'
require 'socket'
require 'timeout'

module PuppetX
  module Trocla
    # Net::HTTP through a Unix socket. Net::HTTP itself finds out before a request that the other side has closed a
    # connection, and calls `connect` again.
    class UnixHttp < Net::HTTP
      def self.of(path, seconds)
        http = new('localhost', nil, nil)
        http.instance_variable_set(:@socket_path, path)
        http.open_timeout = http.read_timeout = seconds
        # It would also repeat a PUT whose answer was lost.
        http.max_retries = 0
        # The daemon closes idle connections sooner.
        http.keep_alive_timeout = 3600
        http
      end

      private

      def connect
        io = Timeout.timeout(open_timeout, Net::OpenTimeout) { UNIXSocket.new(@socket_path) }
        @socket = Net::BufferedIO.new(io, read_timeout: read_timeout, continue_timeout: nil, debug_output: nil)
        on_connect
      end
    end
  end
end
