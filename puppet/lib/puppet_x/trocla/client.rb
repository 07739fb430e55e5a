# frozen_string_literal: true

require 'erb'
require 'json'
require_relative 'connection'
require_relative 'error'
require_relative 'settings'

module PuppetX
  module Trocla
    # The daemon `trocla serve`, through its Unix socket. A connection stays open for what is asked next; when the
    # daemon was restarted in between, it is made again.
    class Client
      # JSON.generate's own limit; the daemon's is lower.
      MAX_DEPTH = 100

      # The client of this thread: a catalog is compiled in one, and a connection is of no use to two at once.
      def self.current(env, confdir)
        known = Thread.current.thread_variable_get(:trocla_client)
        return known if known && known.for?(env, confdir)

        client = new(env, confdir)
        Thread.current.thread_variable_set(:trocla_client, client)
        client
      end

      def initialize(env, confdir)
        @place = [env['TROCLA_SOCKET'], confdir, Process.pid]
        @settings = Settings.new(env, confdir)
      end

      # A process that was forked off must not read the answers of its parent.
      def for?(env, confdir)
        @place == [env['TROCLA_SOCKET'], confdir, Process.pid]
      end

      # The stored value, or a new one.
      def create(key, format, options)
        value(send_request('POST', path(key, format), options, true))
      end

      # The stored value, or nil.
      def get(key, format, options)
        entry = options.merge('key' => key, 'format' => format)
        answer = send_request('POST', '/v1/get', { 'keys' => [entry] }, true)
        answer = answer.first if answer.is_a?(Array)
        value(answer) { |code| return nil if code == 'not_found' }
      end

      # Stores a value as it is: a hash is not hashed again.
      def set(key, format, value, options)
        body = options.merge('value' => value, 'raw' => true)
        value(send_request('PUT', path(key, format), body, false))
      end

      private

      def path(key, format)
        "/v1/key/#{ERB::Util.url_encode(key)}/#{ERB::Util.url_encode(format)}"
      end

      def value(answer)
        raise no_daemon unless answer.is_a?(Hash)

        # Of a catalog that is compiled again and again, it is told once.
        Array(answer['warnings']).each { |warning| Puppet.warn_once('trocla', warning, "trocla: #{warning}") }
        return answer['value'] if answer['success'] == true && answer['value'].is_a?(String)

        error = answer['error']
        raise no_daemon unless error.is_a?(Hash)

        yield error['code'] if block_given?
        raise Error, [error['message'], error['hint']].compact.join('. ')
      end

      # What the daemon answers, be it an error.
      def send_request(verb, path, body, repeatable)
        JSON.parse(insist(repeatable, verb, path, json(body)))
      rescue JSON::ParserError, EncodingError, Connection::Garbled
        raise no_daemon
      rescue Connection::TimedOut
        raise no_answer
      rescue IOError, Errno::ECONNRESET, Errno::EPIPE
        raise lost(repeatable)
      rescue SystemCallError => e
        raise unreachable(e)
      end

      def json(body)
        JSON.generate(body)
      rescue JSON::NestingError
        raise Error, "an option has more than #{MAX_DEPTH} maps and lists in each other"
      rescue JSON::GeneratorError, EncodingError
        raise Error, 'an option is a text that is not UTF-8, or no finite number'
      end

      # Sends it again where that does no harm: when nobody listens yet, and once when the connection was lost and it is
      # no matter whether it was done already. A daemon that was there a moment ago is likely being restarted.
      def insist(repeatable, verb, path, json)
        patience = @connection ? now + 3 : now
        begin
          @connection ||= Connection.new(@settings.socket, @settings.timeout)
          @connection.request(verb, path, json)
        rescue Errno::ECONNREFUSED, Errno::ENOENT
          raise if now > patience

          sleep(0.05)
          retry
        rescue IOError, Errno::ECONNRESET, Errno::EPIPE
          raise unless repeatable

          repeatable = false
          patience = now + 3
          retry
        end
      end

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end

      def unreachable(error)
        what = "the trocla daemon can't be reached on #{@settings.socket}"
        case error
        when Errno::EACCES
          Error.new("#{what}: permission denied. serve.socket in its configuration has the mode and group of the socket")
        when Errno::ECONNREFUSED, Errno::ENOENT
          Error.new("#{what}: nobody listens there. Start it (systemctl start trocla); #{@settings.how_to_change}")
        else
          Error.new("#{what}: #{error.message}")
        end
      end

      def no_answer
        Error.new("the trocla daemon on #{@settings.socket} did not answer in #{@settings.timeout} s. Its log may say why; " \
                  "what takes that long to make is there at the next run, or #{@settings.how_to_wait}")
      end

      def lost(repeatable)
        what = "the trocla daemon on #{@settings.socket} closed the connection without an answer"
        Error.new(repeatable ? "#{what}, twice. Its log may say why" : "#{what}. The value may be stored: run Puppet again")
      end

      def no_daemon
        Error.new("what answers on #{@settings.socket} is no trocla daemon; #{@settings.how_to_change}")
      end
    end
  end
end
