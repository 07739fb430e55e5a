# frozen_string_literal: true

require 'io/wait'
require 'socket'
require 'timeout'

module PuppetX
  module Trocla
    # HTTP/1.1 through a Unix socket, as far as the daemon speaks it: one request after the other, each answer with its
    # length. Net::HTTP takes as long again as the daemon does, and under JRuby longer, for each of a catalog's calls.
    class Connection
      # What came is no answer of the daemon's.
      class Garbled < StandardError
      end

      class TimedOut < StandardError
      end

      HEAD_MAX = 64 * 1024
      CHUNK = 64 * 1024

      # @param seconds for an answer, and for the connection
      def initialize(path, seconds)
        @path = path
        @seconds = seconds
      end

      # The text of the answer. A connection whose answer did not come is closed: the next question must not get it.
      def request(verb, path, json)
        @deadline = now + @seconds
        @io = nil if closed_by_other?
        @io ||= Timeout.timeout(@seconds, TimedOut) { UNIXSocket.new(@path) }
        answered = false
        write("#{verb} #{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" \
              "Content-Length: #{json.bytesize}\r\n\r\n#{json}")
        text = read_answer
        answered = true
        text
      ensure
        close unless answered
      end

      private

      # Found out before a request is sent: one that may be done but once would be lost on it.
      def closed_by_other?
        return false unless @io&.wait_readable(0)

        close
        true
      end

      def close
        @io&.close
        @io = nil
      end

      def write(text)
        until text.empty?
          written = @io.write_nonblock(text, exception: false)
          if written == :wait_writable
            raise TimedOut unless @io.wait_writable(left)
          else
            text = text.byteslice(written..-1)
          end
        end
      end

      def read_answer
        received = String.new
        until (head_size = received.index("\r\n\r\n"))
          raise Garbled if received.size > HEAD_MAX || !'HTTP/1.1 '.start_with?(received[0, 9])

          receive(received)
        end
        head = received.slice!(0, head_size + 4)
        size = Integer(head[/^content-length: *(\d+) *\r$/i, 1] || raise(Garbled), 10)
        receive(received) while received.size < size
        raise Garbled if received.size > size

        close if head.match?(/^connection: *close *\r$/i)
        received.force_encoding(Encoding::UTF_8)
      end

      def receive(received)
        raise TimedOut unless @io.wait_readable(left)

        received << @io.readpartial(CHUNK)
      end

      def left
        seconds = @deadline - now
        raise TimedOut if seconds <= 0

        seconds
      end

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
