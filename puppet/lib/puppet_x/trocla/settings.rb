# frozen_string_literal: true

require 'yaml'

module PuppetX
  module Trocla
    # Where the daemon is: $TROCLA_SOCKET, else what $confdir/trocla.yaml says, else /run/trocla/trocla.sock.
    class Settings
      # sockaddr_un's sun_path has 108 bytes with the NUL behind it (unix(7)).
      MAX_PATH_BYTES = 107

      attr_reader :socket, :timeout

      def initialize(env, confdir)
        @file = File.join(confdir, 'trocla.yaml')
        said = read
        @timeout = said.fetch('timeout', 5)
        raise fault("timeout is a number of seconds, not #{@timeout.class}") unless @timeout.is_a?(Numeric)
        raise fault('timeout is between 1 and 600 seconds') unless @timeout.between?(1, 600)

        from_env = env['TROCLA_SOCKET'].to_s
        @socket = from_env.empty? ? said.fetch('socket', '/run/trocla/trocla.sock') : from_env
        return if @socket.is_a?(String) && @socket.bytesize <= MAX_PATH_BYTES && @socket.match?(%r{\A/[^\0]*\z})

        what = "is the absolute path of a socket, of at most #{MAX_PATH_BYTES} bytes"
        raise from_env.empty? ? fault("socket #{what}") : Error.new("$TROCLA_SOCKET #{what}")
      end

      # What an error says of where the path comes from.
      def how_to_change
        "$TROCLA_SOCKET, or socket: in #{@file}, names another"
      end

      def how_to_wait
        "timeout: in #{@file} has the client wait longer"
      end

      private

      def read
        said = File.exist?(@file) ? YAML.safe_load(File.read(@file)) || {} : {}
        raise fault('it is no map') unless said.is_a?(Hash)

        unknown = said.keys - %w[socket timeout]
        raise fault("#{unknown.first.inspect} is not known: it has socket and timeout") unless unknown.empty?

        said
      rescue SystemCallError, Psych::Exception => e
        raise fault("it can't be read: #{e.message}")
      end

      def fault(why)
        Error.new("#{@file}: #{why}")
      end
    end
  end
end
