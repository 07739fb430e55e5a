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
        # Not there in Ruby 2.5, which some JRuby is.
        http.write_timeout = seconds if http.respond_to?(:write_timeout=)
        # It would also repeat a PUT whose answer was lost.
        http.max_retries = 0
        # The daemon closes idle connections sooner.
        http.keep_alive_timeout = 3600
        http
      end

      private

      def connect
        io = Timeout.timeout(open_timeout, Net::OpenTimeout) { UNIXSocket.new(@socket_path) }
        limits = { read_timeout: read_timeout, continue_timeout: nil, debug_output: nil }
        limits[:write_timeout] = write_timeout if respond_to?(:write_timeout)
        @socket = Net::BufferedIO.new(io, **limits)
        on_connect
      end
    end
  end
end
